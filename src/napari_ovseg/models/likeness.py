"""What the cosine of a picture and a phrase means, of one model or another."""

from __future__ import annotations

from dataclasses import dataclass

ABSENT_BELOW = 0.2
"""Presence below which a category is called absent, of models trained with a sigmoid: a probability."""
ABSENT_BELOW_RELATIVE = 0.02
"""The same of others, whose presence is a share among other words."""


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
    """

    scale: float
    bias: float | None = None

    @property
    def absent_below(self) -> float:
        """The presence below which a category is called absent."""
        return ABSENT_BELOW_RELATIVE if self.bias is None else ABSENT_BELOW
