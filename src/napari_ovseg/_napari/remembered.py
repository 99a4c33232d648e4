"""What is remembered from one session to the next, outside of napari's own settings."""

from __future__ import annotations

from qtpy.QtCore import QSettings


def remembered() -> QSettings:
    """Return this plugin's settings of the person who runs it."""
    return QSettings("napari-ovseg", "napari-ovseg")
