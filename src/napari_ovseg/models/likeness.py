"""What the cosine of a picture and a phrase means, of one model or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ABSENT_BELOW = 0.2
"""Presence below which a category is called absent, of models trained with a sigmoid: a probability."""
ABSENT_BELOW_RELATIVE = 0.02
"""The same of others, whose presence is a share among other words."""

LEAST_SHARE = 1e-6
"""A share nearer to nothing than this says no more."""


@dataclass(frozen=True)
class Likeness:
    """How the cosine of a picture and a phrase says whether the phrase is true of the picture.

    Attributes
    ----------
    scale : float
        What cosines are multiplied by.
    bias : float or None
        What is added then, of models trained with a sigmoid: each phrase stands alone. None where phrases
        mean something only against each other.
    of_shares : bool
        Whether what is compared are no cosines but shares, 0 or more, as of the classes of a classifier:
        their logarithms are what is multiplied. A word that many classes stand for may have more than 1 in
        all, where each class has its share in other cells.
    """

    scale: float
    bias: float | None = None
    of_shares: bool = False

    def read(self, products: Tensor) -> Tensor:
        """Return products of vectors, of any shape, as `scale` and `bias` are meant for."""
        return products.clamp_min(LEAST_SHARE).log() if self.of_shares else products

    @property
    def absent_below(self) -> float:
        """The presence below which a category is called absent."""
        return ABSENT_BELOW_RELATIVE if self.bias is None else ABSENT_BELOW
