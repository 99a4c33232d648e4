"""The plugin's page in napari's preferences, from napari 0.9 on; before that, the defaults."""

from __future__ import annotations

from typing import Any

from napari_ovseg.colours import STANDARD, Palette


def page() -> Any:
    """Return the settings, fields of the manifest with their events; None where napari has none."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings("napari-ovseg").panel
    except (ImportError, KeyError):
        # an older napari, or one that has not been told of this plugin
        return None


def chosen_palette() -> Palette:
    """Return where new categories get their colours from, see `colours.PALETTES`."""
    settings = page()
    palette: Palette = STANDARD if settings is None else settings.palette
    return palette


def chosen_model() -> str:
    """Return the name of the model to begin with; empty for the best that is on this machine."""
    settings = page()
    return "" if settings is None else str(settings.model).strip()
