"""Affinity: what the deep features hold alike shares its relevance.

Maps light up the telling part of a thing. As in CLIP-ES (Lin et al., CVPR 2023, section 3.3), which takes
the similarity from attention, they are spread by a random walk, here over the similarity of deep features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from napari_ovseg.views.source import shrunk

COMPONENTS = 48
# docs/refinement.md has the measurements
TEMPERATURE = 0.1
WALK = 0.97
MOST_CELLS = 36


@dataclass(frozen=True)
class Directions:
    """The main directions of deep features: measured once, of any part of a picture they keep the same.

    Attributes
    ----------
    mean : torch.Tensor
        ``(F, 1)``, float64: of each feature over all cells.
    basis : torch.Tensor
        ``(F, D)``, float64, orthonormal, strongest first. The sign of a direction is arbitrary, so its
        largest weight is positive.
    scale : torch.Tensor
        0-d, float64, above 0: the root of the mean variance along the D directions.
    """

    mean: torch.Tensor
    basis: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, features: torch.Tensor, count: int = COMPONENTS) -> Directions:
        """Measure at most ``count`` directions of features ``(F, h, w)``."""
        flat = features.flatten(1).double()
        mean = flat.mean(1, keepdim=True)
        flat = flat - mean
        # (F, F), however many cells there are
        together = flat @ flat.T
        # subspace iteration: to decompose a thousand channels exactly takes longer than to look
        room = min(count + 8, *flat.shape)
        basis = torch.randn(len(flat), room, generator=torch.Generator().manual_seed(0)).double()
        for _ in range(3):
            basis = torch.linalg.qr(together @ basis)[0]
        squares, turned = torch.linalg.eigh(basis.T @ together @ basis)
        # weakest first
        squares, directions = squares.flip(0)[:count], basis @ turned.flip(1)[:, :count]
        largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
        scale = squares.mean().clamp_min(0).div(flat.shape[1]).sqrt().clamp_min(1e-9)
        return cls(mean, directions * largest.sign(), scale)

    def components(self, features: torch.Tensor) -> torch.Tensor:
        """Return what features ``(F, h, w)`` are along the directions, ``(D, h, w)``, float32."""
        flat = features.flatten(1).double() - self.mean
        return (self.basis.T @ flat / self.scale).float().unflatten(1, features.shape[1:])


def deep_components(features: torch.Tensor, count: int = COMPONENTS) -> torch.Tensor:
    """Keep the main directions of deep features.

    Parameters
    ----------
    features : torch.Tensor
        ``(F, h, w)``.
    count : int
        How many directions to keep at most.

    Returns
    -------
    torch.Tensor
        ``(D, h, w)``, centred, of unit variance on average, strongest first. With double precision
        throughout, rounding that differs from one number of threads to another can't turn what the network of
        this picture learns.
    """
    return Directions.of(features, count).components(features)


def walk(maps: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Spread maps by a random walk with restart over cells with similar features.

    With ``T`` the softmax of the cosine similarity of each cell to every other one, the result is
    ``(1 - a) (I - a T)^-1 maps``, where ``a`` is the chance to walk on. It is solved on at most 36 cells
    along a side; what the maps hold in finer detail is kept.

    Parameters
    ----------
    maps : torch.Tensor
        ``(C, h, w)``.
    features : torch.Tensor
        ``(D, gh, gw)``, centred, as from `deep_components`.

    Returns
    -------
    torch.Tensor
        ``(C, h, w)``.
    """
    grid = shrunk(features.shape[1:], MOST_CELLS)
    nodes = F.normalize(F.interpolate(features[None], grid, mode="area")[0].flatten(1).double(), dim=0)
    step = (nodes.T @ nodes / TEMPERATURE).softmax(1)
    coarse = F.interpolate(maps[None], grid, mode="bilinear", antialias=True)[0]
    start = coarse.flatten(1).T.double()
    spread = torch.linalg.solve(torch.eye(len(step), dtype=torch.float64) - WALK * step, (1 - WALK) * start)
    # the walk evens out; give each map the scale it had, or its detail would drown the rest
    spread = (spread - spread.mean(0)) / spread.std(0, correction=0).clamp_min(1e-12)
    spread = spread * start.std(0, correction=0) + start.mean(0)
    change = spread.T.float().unflatten(1, grid)
    if grid == tuple(maps.shape[1:]):
        return change
    detail = maps - F.interpolate(coarse[None], maps.shape[1:], mode="bilinear")[0]
    return detail + F.interpolate(change[None], maps.shape[1:], mode="bilinear")[0]
