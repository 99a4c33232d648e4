"""Where the masks are least sure: the places that are worth a look next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# a lead of the best category over the second best below which a pixel counts as unsure
UNSURE_BELOW = 0.5


def next_uncertain_place(
    confidence: NDArray[np.float32], settled: NDArray[np.bool_], *, below: float = UNSURE_BELOW
) -> NDArray[np.bool_] | None:
    """Find the largest region of unsure pixels, a pixel counting the more the less sure it is.

    Parameters
    ----------
    confidence : np.ndarray
        ``(H, W)`` in [0, 1].
    settled : np.ndarray
        ``(H, W)``: pixels that need no look, since a person painted them or has been there.
    below : float
        Pixels of a confidence under this are unsure.

    Returns
    -------
    np.ndarray or None
        ``(H, W)``: the pixels of the region, 4-connected; None when nothing unsure is left.
    """
    doubt = np.where(settled, 0, np.clip(below - confidence, 0, None))
    regions, count = ndimage.label(doubt > 0)
    if not count:
        return None
    weights = ndimage.sum_labels(doubt, regions, np.arange(1, count + 1))
    chosen: NDArray[np.bool_] = regions == 1 + int(np.argmax(weights))
    return chosen
