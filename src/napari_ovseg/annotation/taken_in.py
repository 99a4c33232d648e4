"""Labels of any origin as the start of work: masks that updates go on from, without a run."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from napari_ovseg.annotation.annotation import Annotation, Position, SliceAnnotation
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.news import learnt_from
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import LabelledPicture
from napari_ovseg.segmentation import State

# in the record of such a slice: where its labels are from
TAKEN_FROM = "taken_from"
# up to this long side the masks are known pixel by pixel; beyond, an update draws outlines anew this finely
_SIDE = 512
# where a picture holds more than 255 categories their scores are coarser, to stay within 256 MB
_MOST_SCORES = 2**26
# how much of a cell its label has. With all of it a stroke mended 0.80 of squares that were wrong alike, with
# 0.8 it mended 0.95, and what was right stayed so (1.0000 of squares, 0.9996 of discs)
_SHARE = 0.8


def taken_in(pictures: Mapping[Position, LabelledPicture], name: str, *, mine: bool = False) -> Annotation:
    """Return labels as work to go on with.

    Parameters
    ----------
    pictures : dict of tuple of int to LabelledPicture
        The slices of one picture, ``()`` for a flat one, all with the same categories.
    name : str
        Of where they are from, kept in the record.
    mine : bool
        Whether the labels count as painted by a person, background left out. By default they count as the
        machine's, so that updates may change them.

    Raises
    ------
    InputError
        When there are no categories, or their names can't be used.
    """
    categories = next(iter(pictures.values())).categories if pictures else ()
    if not categories:
        raise InputError(f"'{name}' has no categories: choose labels that hold some.")
    table = LabelTable(categories)
    slices = {at: _slice(picture, table, name, mine=mine) for at, picture in pictures.items()}
    return Annotation(table.labels, slices=slices)


def _slice(picture: LabelledPicture, table: LabelTable, name: str, *, mine: bool) -> SliceAnnotation:
    labels, void = picture.labels, table.void
    unsure = labels == void_of(labels)
    rough = np.where(unsure, void, labels).astype(table.dtype)
    masks = np.where(unsure, 0, rough).astype(table.dtype)
    # Of a long list of names a picture holds few, and each takes a map of scores.
    there = tuple(sorted({*np.unique(masks).tolist()} & {*table.ids}))
    human = np.where(masks > 0, masks, void).astype(table.dtype) if mine else np.full_like(masks, void)
    return SliceAnnotation(
        masks=masks,
        human=human,
        pseudo_labels=rough,
        # nobody has said how sure it is, only where it is not
        confidence=np.where(unsure, 0, 1).astype(np.float32),
        state=State(there, _scores(rough, there, void), None),
        record={**picture.record, TAKEN_FROM: name, **learnt_from(human)},
        done=bool(picture.done),
    )


def _scores(rough: Labels, ids: tuple[int, ...], void: int) -> np.ndarray:
    """Most for the label of each cell, equal shares where it is unsure: ``(K + 1, h, w)``, float32."""
    side = min(_SIDE, math.isqrt(_MOST_SCORES // (len(ids) + 1)))
    sides = [min(length, max(1, round(length * side / max(rough.shape)))) for length in rough.shape]
    rows, columns = (
        (np.arange(side) * length + length // 2) // side
        for side, length in zip(sides, rough.shape, strict=True)
    )
    cells = rough[np.ix_(rows, columns)]
    scores = np.stack([cells == id for id in (0, *ids)]).astype(np.float32)
    scores[:, cells == void] = 1 / len(scores)
    scores *= _SHARE
    scores += np.float32((1 - _SHARE) / len(scores))
    return scores
