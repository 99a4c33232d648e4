"""Which classes of ImageNet stand for a word, once it is known how near each is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WITHIN = 0.25
TEMPERATURE = 0.1
MOST_BY_SENTENCE = 20


def among_rivals(nearness: NDArray[np.float32], rivals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lower how near each class is to a word by as much as an everyday word is nearer to it, ``(1000,)``."""
    return nearness - np.maximum(0, rivals - nearness)


def standing_for(
    nearness: NDArray[np.float32],
    kinds: NDArray[np.bool_],
    *,
    within: float = WITHIN,
    most: int = MOST_BY_SENTENCE,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Choose the classes that stand for a word, the nearest first, with a weight in (0, 1] for each.

    Parameters
    ----------
    nearness : np.ndarray
        ``(1000,)``: how near each class is to the word.
    kinds : np.ndarray
        ``(1000,)``, bool: which are a kind of it. All of them that are near enough are taken.
    within : float
        How much farther than the nearest a class may be.
    most : int
        How many classes that are no kind of it are taken.
    """
    order = np.argsort(-nearness, kind="stable")
    order = order[nearness[order] >= nearness[order[0]] - within]
    order = order[kinds[order] | (np.arange(len(order)) < most)]
    return order, np.exp((nearness[order] - nearness[order[0]]) / TEMPERATURE)
