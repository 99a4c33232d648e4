"""How far strokes reach: which of the changes that an update found may stand.

Strokes of one category say what it is, not what is none of it. As long as all strokes are of one category, a
pixel changes only beside a stroke, or where the machine was unsure, and then only if neither category becomes
another by it. docs/corrections.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.categories import Labels

# the machine was unsure where its best category led by less
UNSURE = 0.3
# so much of a category that nobody painted may go far from strokes, by how sure the machine was of it
MOST_LOST = 0.25
# by so much of its area a category may grow far from strokes
MOST_GAINED = 0.25


def standing(
    found: Labels,
    start: Labels,
    lead: NDArray[np.float32],
    human: Labels,
    void: int,
    unknown: Collection[int],
) -> NDArray[np.bool_]:
    """Where the masks of an update stand; elsewhere those of the machine do.

    Parameters
    ----------
    found, start : np.ndarray
        ``(H, W)``, ids: the masks of the update, and the machine's own.
    lead : np.ndarray
        ``(H, W)``, float32 in [0, 1]: how far the machine's best category led.
    human : np.ndarray
        ``(H, W)``: the id where a person painted, void elsewhere.
    void : int
        The id that means nobody painted.
    unknown : collection of int
        Ids that the machine has no map of. It could not say them, so its own masks say nothing against them.

    Returns
    -------
    np.ndarray
        ``(H, W)``, bool.
    """
    painted = np.setdiff1d(human, [void])
    bound = (found != start) & ~np.isin(found, list(unknown))
    if len(painted) != 1 or not bound.any():
        return np.ones(found.shape, bool)
    near, touched = _beside(human == painted[0], (found != start) & (found == painted[0]))
    # what is none of the names is seldom one piece: it may not take all that it touches
    near = near if painted[0] == 0 else touched
    more = bound & (touched | (lead < UNSURE))
    for one in np.unique(start[more]):
        of_one = start == one
        if lead[of_one & more].sum() > MOST_LOST * lead[of_one].sum():
            more &= ~of_one
    for one in np.unique(found[more]):
        far = more & ~touched & (found == one)
        if np.count_nonzero(far) > MOST_GAINED * np.count_nonzero(start == one):
            more &= ~far
    stands: NDArray[np.bool_] = ~bound | near | more
    return stands


def _beside(
    strokes: NDArray[np.bool_], changed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What hangs together with strokes and changed to their category: the nearest of it, and all of it."""
    nearest = strokes.copy()
    pieces, count = ndimage.label(strokes | changed)
    touched = np.zeros(count + 1, bool)
    touched[pieces[strokes]] = True
    boxes = ndimage.find_objects(pieces)
    for number in np.flatnonzero(touched):
        box = boxes[number - 1]
        piece = pieces[box] == number
        own = strokes[box] & piece
        ends = ndimage.find_objects(ndimage.label(own, np.ones((3, 3)))[0])
        room = sum(max(side.stop - side.start for side in stroke) ** 2 for stroke in ends)
        if np.count_nonzero(piece) > room:
            away = ndimage.distance_transform_edt(~own)
            piece &= away <= np.partition(away[piece], room)[room]
        nearest[box] |= piece
    return nearest, touched[pieces]
