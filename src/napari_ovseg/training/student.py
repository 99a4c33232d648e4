"""The part of an image tower that learns: its last two blocks, as far as patches depend on them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.trunk import TrunkStates, patch_vectors
from napari_ovseg.training.targets import Example


class Student:
    """A copy of an image tower whose last two blocks learn.

    Parameters
    ----------
    visual : torch.nn.Module
        The image side of an open_clip model with two blocks or more; left as it is.

    Attributes
    ----------
    learning : dict of str to torch.nn.Parameter
        What learns, by its name in the tower: of the last but one block all; of the last one its first norm,
        the values and the output of its attention; the norm and the projection after it.
    """

    def __init__(self, visual: nn.Module) -> None:
        # in evaluation mode, so nothing is dropped
        self.visual: Any = copy.deepcopy(visual).eval().requires_grad_(True)
        self.tower = tower_of(self.visual)
        self.learning = self._reached()

    def vectors(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return the unit vector of each patch.

        Parameters
        ----------
        tokens : (V, n, W) tensor
            As they enter the last but one block.
        grid : (gh, gw)
            Of the patches, which are the last tokens.

        Returns
        -------
        (V, gh * gw, D) tensor
        """
        prefix = tokens.shape[1] - grid[0] * grid[1]
        states = TrunkStates(self.tower.blocks[-2].whole(tokens), grid, prefix)
        return patch_vectors(SimpleNamespace(visual=self.visual), states)

    def loss(self, examples: Sequence[Example]) -> Tensor:
        """Return how far the patches are from their targets: the mean of ``1 - cos``, in [0, 2]."""
        device = next(iter(self.learning.values())).device
        distances = []
        # pictures of one shape are looked at together
        for shape, group in groupby(sorted(examples, key=_shape), key=_shape):
            alike = list(group)
            tokens = torch.stack([one.tokens for one in alike]).to(device).float()
            wanted = torch.stack([one.target for one in alike]).to(device).float().flatten(1, 2)
            cosines = torch.cosine_similarity(self.vectors(tokens, shape), wanted, dim=-1)
            distances.append(1 - cosines.flatten())
        return torch.cat(distances).mean()

    def learnt(self) -> dict[str, Tensor]:
        """Return what learns as it is now, on the CPU."""
        return {name: one.detach().cpu().contiguous() for name, one in self.learning.items()}

    def _reached(self) -> dict[str, nn.Parameter]:
        """The parameters that the features of patches depend on after the cut; all others are frozen."""
        named = dict(self.visual.named_parameters())
        side = 2 * self.tower.patch_size
        with torch.no_grad():
            tokens, grid, _ = self.tower.enter(next(iter(named.values())).new_zeros(1, 3, side, side))
        slopes = torch.autograd.grad(self.vectors(tokens, grid).sum(), [*named.values()], allow_unused=True)
        self.visual.requires_grad_(False)
        reached = {
            name: one for (name, one), slope in zip(named.items(), slopes, strict=True) if slope is not None
        }
        for one in reached.values():
            one.requires_grad_(True)
        return reached


def _shape(example: Example) -> tuple[int, int]:
    rows, columns = example.target.shape[:2]
    return rows, columns
