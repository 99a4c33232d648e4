"""Files for the results: one module per format. Nothing is ever left half written."""

from __future__ import annotations

from napari_ovseg.atomic import prepare_folder, refuse_losses, write_atomically
from napari_ovseg.export.categories_json import (
    CATEGORIES_BESIDE_JSON,
    CATEGORIES_FILE,
    write_categories,
)
from napari_ovseg.export.dataset import export, export_file
from napari_ovseg.export.formats import FORMATS, Format
from napari_ovseg.export.overlay import draw_overlay, write_overlay
from napari_ovseg.export.palette_png import write_labels
from napari_ovseg.export.summary import Summary

__all__ = [
    "CATEGORIES_BESIDE_JSON",
    "CATEGORIES_FILE",
    "FORMATS",
    "Format",
    "Summary",
    "draw_overlay",
    "export",
    "export_file",
    "prepare_folder",
    "refuse_losses",
    "write_atomically",
    "write_categories",
    "write_labels",
    "write_overlay",
]
