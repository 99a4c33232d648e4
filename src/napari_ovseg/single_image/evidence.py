"""What human pixels say about the rest of the picture: what looks like them, and what is near and alike.

Regression with a Gaussian process (Rasmussen & Williams, 2006, section 2.2): its mean is what the machine
thought, its observations are the human pixels, so one that only confirms changes nothing, and one that
contradicts changes all that is alike. In closed form: one small linear system.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

EVIDENCE_SIDE = 128
MOST_OBSERVED = 256
DEEP_LENGTH = 0.5
SHALLOW_LENGTH = 2.0
PLACE_LENGTH = 0.15
NEAR_SHARE = 0.3
NOISE = 0.05


class Evidence:
    """Kernel over the cells of a picture, from deep features, appearance and place.

    Parameters
    ----------
    shallow : torch.Tensor
        ``(A, h, w)``, from `head.appearance`; place last.
    deep : torch.Tensor or None
        ``(D, gh, gw)``.
    seed : int
        Of the choice of cells where a person painted more than can be solved for.
    """

    def __init__(self, shallow: torch.Tensor, deep: torch.Tensor | None, *, seed: int = 0) -> None:
        grid = (shallow.shape[1], shallow.shape[2])
        self.grid, self._seed = grid, seed
        looks = [shallow[:-2] / SHALLOW_LENGTH]
        if deep is not None:
            unit = F.normalize(F.interpolate(deep[None], grid, mode="bilinear")[0], dim=0)
            looks.append(unit / DEEP_LENGTH)
        self._looks = torch.cat(looks).flatten(1).T.contiguous()
        long = max(grid)
        rows, columns = torch.meshgrid(
            torch.arange(grid[0]) / long, torch.arange(grid[1]) / long, indexing="ij"
        )
        self._place = torch.stack([rows, columns], -1).flatten(0, 1) / PLACE_LENGTH

    def __call__(self, prior: torch.Tensor, cells: np.ndarray, target: np.ndarray) -> torch.Tensor:
        """Change of the scores of every cell.

        Parameters
        ----------
        prior : torch.Tensor
            ``(K, h, w)``: log-scores of the machine.
        cells : np.ndarray
            ``(N,)``: cells a person painted.
        target : np.ndarray
            ``(N,)``: the row of ``prior`` that they belong to.

        Returns
        -------
        torch.Tensor
            ``(K, h, w)``, to be added to ``prior``.
        """
        chosen = self._spread_out(target)
        at, row = torch.from_numpy(cells[chosen]), torch.from_numpy(target[chosen])
        wanted = torch.full((len(at), len(prior)), float(prior.min()))
        wanted[torch.arange(len(at)), row] = float(prior.max())
        surprise = wanted - prior.flatten(1).T[at]
        to_all = self._kernel(at)
        among = to_all[:, at] + NOISE * torch.eye(len(at))
        return (torch.linalg.solve(among, surprise).T @ to_all).unflatten(1, self.grid)

    def _spread_out(self, target: np.ndarray) -> np.ndarray:
        """At most `MOST_OBSERVED` of the painted cells, each category with an equal part."""
        if len(target) <= MOST_OBSERVED:
            return np.arange(len(target))
        draw = np.random.default_rng(self._seed)
        ids = np.unique(target)
        room = max(1, MOST_OBSERVED // len(ids))
        parts = [np.flatnonzero(target == one) for one in ids]
        return np.sort(np.concatenate([p if len(p) <= room else draw.choice(p, room, False) for p in parts]))

    def _kernel(self, at: torch.Tensor) -> torch.Tensor:
        """``(N, cells)``: 1 for the same cell, towards 0 for one that looks different."""
        alike = (-0.5 * torch.cdist(self._looks[at], self._looks).square()).exp()
        near = (-0.5 * torch.cdist(self._place[at], self._place).square()).exp()
        return alike * (1 - NEAR_SHARE + NEAR_SHARE * near)
