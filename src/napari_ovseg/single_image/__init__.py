"""Single-image segmentation: pixels drawn from the maps, a head trained on this one picture, edges."""

from __future__ import annotations

from napari_ovseg.single_image.affinity import deep_components, walk
from napari_ovseg.single_image.edges import sharpen
from napari_ovseg.single_image.head import STEPS, anchor, appearance, distil

__all__ = ["STEPS", "anchor", "appearance", "deep_components", "distil", "sharpen", "walk"]
