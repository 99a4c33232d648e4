"""How many levels a pyramid has."""

from __future__ import annotations

from collections.abc import Sequence

# a viewer gains nothing from levels that are smaller, in pixels
_COARSEST = 256
_MOST_LEVELS = 6


def count_levels(shape: Sequence[int]) -> int:
    """Return how many levels a pyramid of arrays ``(..., H, W)`` has, each half as fine as the one before."""
    count, side = 1, min(shape[-2:])
    while side >= 2 * _COARSEST and count < _MOST_LEVELS:
        count, side = count + 1, -(-side // 2)
    return count
