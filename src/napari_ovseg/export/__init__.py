"""Files for the results: one module per format. Nothing is ever left half written."""

from __future__ import annotations

from napari_ovseg.export.atomic import prepare_folder, write_atomically
from napari_ovseg.export.categories_json import write_categories
from napari_ovseg.export.overlay import draw_overlay, write_overlay
from napari_ovseg.export.palette_png import write_labels

__all__ = [
    "draw_overlay",
    "prepare_folder",
    "write_atomically",
    "write_categories",
    "write_labels",
    "write_overlay",
]
