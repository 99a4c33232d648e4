"""Which version this is, for records and files."""

from __future__ import annotations

__version__ = "0.1.0"
