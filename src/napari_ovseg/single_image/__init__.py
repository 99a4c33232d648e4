"""Single-image segmentation: draws from the maps, a head trained on this one picture, edges, corrections."""

from __future__ import annotations

from napari_ovseg.single_image.affinity import Directions, deep_components, walk
from napari_ovseg.single_image.contrast import POWER_FACTORS, best_outlined
from napari_ovseg.single_image.edges import (
    EDGE_SIDE,
    SHARPENING,
    SHARPENING_FINELY,
    foretelling,
    foretelling_finely,
    sharpen,
    sharpen_finely,
)
from napari_ovseg.single_image.head import STEPS, Standard, appearance
from napari_ovseg.single_image.neighbours import ROUNDS
from napari_ovseg.single_image.turns import TURNS, WORK_SIDE, Learnt, train, work_side
from napari_ovseg.single_image.update import SingleImage, Updated

__all__ = [
    "EDGE_SIDE",
    "POWER_FACTORS",
    "ROUNDS",
    "SHARPENING",
    "SHARPENING_FINELY",
    "STEPS",
    "TURNS",
    "WORK_SIDE",
    "Directions",
    "Learnt",
    "SingleImage",
    "Standard",
    "Updated",
    "appearance",
    "best_outlined",
    "deep_components",
    "foretelling",
    "foretelling_finely",
    "sharpen",
    "sharpen_finely",
    "train",
    "walk",
    "work_side",
]
