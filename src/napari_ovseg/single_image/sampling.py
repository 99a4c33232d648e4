"""Stochastic pixel sampling: pixels of a category are drawn as often as its map says.

Zabari & Hoshen (ECCVW 2022), section 3: the supervision is the map itself, not its argmax, so a weak but wide
map still teaches, and no threshold has to be right.
"""

from __future__ import annotations

import torch


class PixelSampler:
    """Draws points of each category with probability proportional to its map.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, not negative.
    sharpness : float
        Power that the scores are raised to: above 1, clear pixels are drawn more often.
    seed : int
        Same seed, same draws.
    """

    def __init__(self, scores: torch.Tensor, *, sharpness: float = 1.0, seed: int = 0) -> None:
        self._grid = tuple(scores.shape[-2:])
        self._generator = torch.Generator().manual_seed(seed)
        mass = scores.flatten(1).double() ** sharpness
        total = mass.sum(1, keepdim=True)
        # a map that is zero everywhere says nothing: its category is never drawn
        self.categories = torch.nonzero(total[:, 0] > 0)[:, 0]
        self._cumulative = (mass / total.clamp_min(1e-300))[self.categories].cumsum(1)
        self.share = (total[:, 0] / total.sum().clamp_min(1e-300))[self.categories]

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw ``count`` points of every category that has any.

        Returns
        -------
        points : torch.Tensor
            ``(categories * count, 2)`` float32, row and column as fractions of the picture in [0, 1).
        labels : torch.Tensor
            ``(categories * count,)`` int64, the category each was drawn for.
        """
        chance = torch.rand(len(self.categories), count, generator=self._generator, dtype=torch.float64)
        cells = torch.searchsorted(self._cumulative, chance * self._cumulative[:, -1:], right=True)
        cells = cells.clamp_max(self._cumulative.shape[1] - 1).flatten()
        corner = torch.stack([cells // self._grid[1], cells % self._grid[1]], 1)
        within = torch.rand(len(cells), 2, generator=self._generator)
        points = (corner + within) / torch.tensor(self._grid)
        return points.clamp_max(1 - 1e-7), self.categories.repeat_interleave(count)
