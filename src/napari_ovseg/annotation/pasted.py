"""What was found in a part of a slice, put into what is known of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.segmentation import State

Part = tuple[slice, slice]
"""Rows and columns of a slice, in pixels."""
PARTS = "parts"
# the long side of the scores of a slice: more would make each update slow
MOST_CELLS = 1024


def pasted(before: SliceAnnotation, found: SliceAnnotation, part: Part) -> SliceAnnotation:
    """Put a part that was segmented into its slice; outside of it nothing changes.

    Parameters
    ----------
    before : SliceAnnotation
        Of the slice, ``(H, W)``, which may be empty.
    found : SliceAnnotation
        Of the part, in the same ids and dtype.
    part : tuple of slice
        Where it lies.

    Returns
    -------
    SliceAnnotation
        With the human pixels of `before`, which may lie below what was found: see `reconcile.met`. Updates go
        on from the scores of both. Its record is that of the slice, with all ``parts``, or of the part where
        nothing was known.
    """
    masks = before.masks.copy()
    masks[part] = found.masks
    rough = np.zeros_like(masks) if before.pseudo_labels is None else before.pseudo_labels.copy()
    rough[part] = masks[part] if found.pseudo_labels is None else found.pseudo_labels
    sure = np.zeros(masks.shape, np.float32) if before.confidence is None else before.confidence.copy()
    sure[part] = 0 if found.confidence is None else found.confidence
    presence = found.presence | {
        name: max(share, found.presence.get(name, 0.0)) for name, share in before.presence.items()
    }
    return replace(
        before,
        masks=masks,
        pseudo_labels=rough,
        confidence=sure,
        presence=presence,
        state=_state(before.state, found.state, part, (masks.shape[0], masks.shape[1])),
        record=_record(before.record, found.record, part),
    )


def _record(before: dict[str, Any], found: dict[str, Any], part: Part) -> dict[str, Any]:
    """The record of the slice, with each part that was run since, and without what a part has found."""
    rows, columns = part
    here = {"rows": [rows.start, rows.stop], "columns": [columns.start, columns.stop]}
    record = (before or found) | {PARTS: [*before.get(PARTS, []), here]}
    absent = found.get("absent", [])
    return record | {"absent": [name for name in before.get("absent", absent) if name in absent]}


def _state(before: State | None, found: State | None, part: Part, size: tuple[int, int]) -> State | None:
    """The scores of a slice with those of a part in their place, on a grid fine enough for both."""
    if found is None:
        return before
    spans = [window.stop - window.start for window in part]
    ids = found.ids if before is None else tuple(dict.fromkeys((*before.ids, *found.ids)))
    whole = _of_ids(before, ids, (1, 1))
    cells = _grid(size, whole.shape[1:], spans, found.scores.shape[1:])
    scores = _resized(whole, cells)
    inner = tuple(
        slice(round(window.start * count / length), max(1, round(window.stop * count / length)))
        for window, count, length in zip(part, cells, size, strict=True)
    )
    room = scores[:, *inner].shape[1:]
    own = _of_ids(found, ids, room)
    scores[:, *inner] = _resized(own, room)
    features, anchor = (None, found.anchor) if before is None else (before.features, before.anchor)
    return State(ids, scores, features, anchor)


def _of_ids(state: State | None, ids: Sequence[int], grid: Sequence[int]) -> NDArray[np.float32]:
    """Scores of ids, background first: 0 for those that a state has none of, all background without one."""
    shape = tuple(grid) if state is None else state.scores.shape[1:]
    found = np.zeros((len(ids) + 1, *shape), np.float32)
    if state is None:
        found[0] = 1
        return found
    places = [0, *(1 + ids.index(one) for one in state.ids)]
    found[places] = state.scores
    return found


def _resized(scores: NDArray[np.float32], cells: Sequence[int]) -> NDArray[np.float32]:
    """Scores ``(K, h, w)`` in other cells."""
    factors = (1, *(count / had for count, had in zip(cells, scores.shape[1:], strict=True)))
    found: NDArray[np.float32] = ndimage.zoom(scores, factors, order=1, mode="nearest", grid_mode=True)
    return found


def _grid(
    size: tuple[int, int], whole: Sequence[int], spans: Sequence[int], part: Sequence[int]
) -> tuple[int, int]:
    """Cells of the slice: as many as it has, or as many as keep the detail of the part, within bounds."""
    finest = max(
        max(whole) / max(size),
        max(count / span for count, span in zip(part, spans, strict=True)),
    )
    finest = min(finest, MOST_CELLS / max(size), 1.0)
    rows, columns = (max(1, round(length * finest)) for length in size)
    return rows, columns
