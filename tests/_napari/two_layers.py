"""Masks and pseudo-labels of one picture with a table of three categories, in a viewer without a window."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, PSEUDO_LABELS, new_layer
from napari_ovseg._napari.layers.source import source_of
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.labelled import named_labels
from napari_ovseg.segmentation import State

VOID = 255
SHAPE = (6, 7)


def labels(seed, values=(0, 1, 2, 3)):
    return np.random.default_rng(seed).choice(values, SHAPE).astype(np.uint8)


def annotated():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros(SHAPE), name="cells")
    placement = source_of(image, viewer.dims).placement
    table = LabelTable(named_labels(("a", "b", "c")))
    legend = Legend(table.labels)
    masks, rough = (
        new_layer(image, kind, np.dtype(np.uint8), placement, legend) for kind in (MASKS, PSEUDO_LABELS)
    )
    made = Annotated(image, masks, rough, table)
    masks.start((), labels(0))
    rough.start((), labels(1, (0, 1, 2, 3, VOID)))
    for tracked in (masks, rough):
        viewer.add_layer(tracked.layer)
        tracked.layer.brush_size = 1
    state = State((1, 2, 3), np.full((4, 2, 2), 0.25, np.float32), None)
    none = np.full(SHAPE, VOID, np.uint8)
    made.pieces[()] = SliceAnnotation(
        labels(0),
        none,
        presence={"a": 0.9, "b": 0.5, "c": 0.2},
        state=state,
        confidence=np.ones(SHAPE, np.float32),
    )
    return made


def update(made, seed=2):
    """An update that gives everything but the human pixels and locked categories another label."""
    piece = made.slice(())
    found = labels(seed, (0, *made.table.ids))
    locked = list(made.table.locked)
    found = np.where(np.isin(piece.masks, locked) | np.isin(found, locked), piece.masks, found)
    piece.masks = np.where(piece.human != VOID, piece.human, found)
    return made.write_masks({(): piece})
