"""Which classes of ImageNet stand for a word, once it is known how near each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WITHIN = 0.25
TEMPERATURE = 0.1
MOST_BY_SENTENCE = 20


@dataclass(frozen=True)
class Limits:
    """How near, as a cosine of sentence vectors, the best class must be for a word to be known.

    Attributes
    ----------
    word : float
        Of a word that is defined, and of what is meant by a further name of something.
    definition : float
        In the mean of such a word and its definition.
    undefined : float
        Of a word that is defined nowhere: all that speaks for it is how it sounds.
    """

    word: float = 0.44
    definition: float = 0.40
    undefined: float = 0.56


LIMITS = Limits()


def among_rivals(nearness: NDArray[np.float32], rivals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lower how near each class is to a word by as much as an everyday word is nearer to it, ``(1000,)``."""
    return nearness - np.maximum(0, rivals - nearness)


def standing_for(
    nearness: NDArray[np.float32],
    kinds: NDArray[np.bool_],
    *,
    within: float = WITHIN,
    most: int = MOST_BY_SENTENCE,
    temperature: float = TEMPERATURE,
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
    temperature : float
        The larger, the more a class counts that is farther than the nearest.
    """
    order = np.argsort(-nearness, kind="stable")
    order = order[nearness[order] >= nearness[order[0]] - within]
    order = order[kinds[order] | (np.arange(len(order)) < most)]
    return order, np.exp((nearness[order] - nearness[order[0]]) / temperature)
