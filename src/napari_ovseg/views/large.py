"""From which size on a picture is segmented in tiles; no torch."""

from __future__ import annotations

LARGE = 4096 * 4096
"""Pixels: all of a smaller picture takes 4 GB at most."""
