"""Where the masks are least sure: the places that are worth a look next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.categories import Labels
from napari_ovseg.segmentation import State

# a lead of the best category over the second best below which a pixel counts as unsure
UNSURE_BELOW = 0.5
# Places are looked for in cells, at most so many along the longer side: specks side by side are one place.
_MOST_CELLS = 512
# Doubt, summed over the pixels, below which nobody is sent to a place: of all pixels, and at most.
_LEAST_SHARE, _LEAST_AT_MOST = 1e-4, 25.0

# of the box of a place
_MOST_SAMPLED = 1 << 14


@dataclass(frozen=True)
class Place:
    """A region of unsure pixels.

    Attributes
    ----------
    box : tuple of slice
        Its rows and columns.
    mask : np.ndarray
        ``(h, w)``, bool: its pixels in the box.
    """

    box: tuple[slice, slice]
    mask: NDArray[np.bool_]

    def sample(self) -> NDArray[np.intp]:
        """Return rows and columns in the picture ``(2, n)`` of its pixels, or of some spread over it."""
        step = max(1, int((self.mask.size / _MOST_SAMPLED) ** 0.5))
        inside = self.mask[::step, ::step]
        if not inside.any():
            inside, step = self.mask, 1
        corner = np.array([[self.box[0].start], [self.box[1].start]])
        return np.array(np.nonzero(inside)) * step + corner


def uncertain_places(
    confidence: NDArray[np.float32], settled: NDArray[np.bool_], *, below: float = UNSURE_BELOW
) -> list[Place]:
    """Find the regions of unsure pixels, a pixel counting the more the less sure it is; the largest first.

    Parameters
    ----------
    confidence : np.ndarray
        ``(H, W)`` in [0, 1].
    settled : np.ndarray
        ``(H, W)``, bool: pixels that need no look, since a person painted them or has been there.
    below : float
        Pixels of a confidence under this are unsure.

    Returns
    -------
    list of Place
        4-connected regions of cells; of a picture up to 512 pixels a side, a cell is a pixel. Specks are left
        out: less doubt than a ten-thousandth of the picture's pixels, or than 25 pixels, would hold.
    """
    height, width = confidence.shape
    side = -(-max(height, width) // _MOST_CELLS)
    doubt = np.clip(below - confidence, 0, None)
    doubt[settled] = 0
    cells = _summed(doubt, side)
    regions, count = ndimage.label(cells > 0)
    weights = ndimage.sum_labels(cells, regions, np.arange(1, count + 1))
    least = min(_LEAST_SHARE * doubt.size, _LEAST_AT_MOST)
    boxes = ndimage.find_objects(regions)
    places = []
    for index in np.argsort(-weights, kind="stable"):
        if weights[index] < least:
            break
        rows, columns = boxes[index]
        mask = (regions[rows, columns] == index + 1).repeat(side, 0).repeat(side, 1)
        box = (_pixels(rows, side, height), _pixels(columns, side, width))
        inside = mask[: box[0].stop - box[0].start, : box[1].stop - box[1].start]
        places.append(Place(box, inside & (doubt[box] > 0)))
    return places


def likeliest(place: Place, masks: Labels, state: State | None, names: Mapping[int, str]) -> list[str]:
    """Name the two categories between which a place is undecided; one where nothing tells of another.

    Parameters
    ----------
    place : Place
    masks : np.ndarray
        ``(H, W)``, as they are now: what a place is taken for counts as much as the scores.
    state : State or None
        The scores of the run, where they are known.
    names : mapping of int to str
        Of the ids that count, background included.
    """
    rows, columns = place.sample()
    found = masks[rows, columns]
    weight = {id: float((found == id).mean()) for id in names}
    if state is not None:
        height, width = state.scores.shape[1:]
        rows, columns = rows * height // masks.shape[0], columns * width // masks.shape[1]
        scores = state.scores[:, rows, columns].mean(axis=1)
        for id, score in zip((0, *state.ids), scores.tolist(), strict=True):
            if id in weight:
                weight[id] += score
    ranked = sorted((id for id in weight if weight[id] > 0), key=lambda id: -weight[id])
    return [names[id] for id in ranked[:2]]


def _summed(doubt: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    if side == 1:
        return doubt
    height, width = doubt.shape
    rows = np.add.reduceat(doubt, np.arange(0, height, side), axis=0)
    summed: NDArray[np.float32] = np.add.reduceat(rows, np.arange(0, width, side), axis=1)
    return summed


def _pixels(cells: slice, side: int, length: int) -> slice:
    return slice(cells.start * side, min(cells.stop * side, length))
