"""Stochastic pixel sampling: pixels of a category are drawn as often as its map says.

Zabari & Hoshen (ECCVW 2022), section 3: the supervision is the map itself, not its argmax, so a weak but wide
map still teaches, and no threshold has to be right.
"""

from __future__ import annotations

import torch

# 0 draws every category equally often, 1 as often as its map is large; see docs/refinement.md
SIZE_POWER = 1.0
# pixels that no category clearly leads in are left to what the clear ones teach
SHARPNESS = 4.0


class PixelSampler:
    """Draws points of each category with probability proportional to a power of its map.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, shares in [0, 1]; a category whose map is zero everywhere is never drawn.
    size_power : float
        A category is drawn in proportion to the sum of its map to this power.
    sharpness : float
        The power: above 1, clear pixels of a category are drawn more often.
    seed : int
        Same seed, same draws.
    """

    def __init__(
        self,
        scores: torch.Tensor,
        *,
        size_power: float = SIZE_POWER,
        sharpness: float = SHARPNESS,
        seed: int = 0,
    ) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._grid = tuple(scores.shape[-2:])
        maps = scores.flatten(1).double()
        clear = maps**sharpness
        within = clear / clear.sum(1, keepdim=True).clamp_min(1e-300)
        self._cumulative = (within * maps.sum(1, keepdim=True) ** size_power).flatten().cumsum(0)

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw points, each for a category.

        Returns
        -------
        points : torch.Tensor
            ``(count, 2)`` float32, row and column as fractions of the picture in [0, 1).
        labels : torch.Tensor
            ``(count,)`` int64, the category each was drawn for.
        """
        chance = torch.rand(count, generator=self._generator, dtype=torch.float64)
        drawn = torch.searchsorted(self._cumulative, chance * self._cumulative[-1], right=True)
        drawn = drawn.clamp_max(len(self._cumulative) - 1)
        labels, cells = drawn // (self._grid[0] * self._grid[1]), drawn % (self._grid[0] * self._grid[1])
        corner = torch.stack([cells // self._grid[1], cells % self._grid[1]], 1)
        within = torch.rand(count, 2, generator=self._generator)
        points = (corner + within) / torch.tensor(self._grid)
        return points.clamp_max(1 - 1e-7), labels
