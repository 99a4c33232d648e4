"""Compares each cell of a picture with the colours that names stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from colour_names import CARD, COLOURS
from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.map_model import Seen, Words


class ColourNames:
    """A vector has one number for each colour, and a last one for what is no colour."""

    card = CARD
    likeness = Likeness(scale=20.0, bias=-4.0)
    input_size, patch_size = 128, 4
    device = torch.device("cpu")
    checkpoint_id = "1.0"

    def __init__(self) -> None:
        self.notes: list[str] = []

    def encode(self, phrases: Sequence[str], *, templates: tuple[str, ...] | None = None) -> torch.Tensor:
        """Say which colours a phrase names."""
        named = [[float(colour in phrase.lower().split()) for colour in COLOURS] for phrase in phrases]
        return F.normalize(torch.tensor([[*row, float(not any(row))] for row in named]), dim=1)

    def see(
        self,
        views: Sequence[NDArray[np.float32]],
        size: tuple[int, int],
        words: Words | None = None,
        method: str | None = None,
    ) -> Seen:
        """Say how near the mean colour of each cell is to each colour."""
        grid = (size[0] // self.patch_size, size[1] // self.patch_size)
        pixels = [torch.from_numpy(view).permute(2, 0, 1)[None] for view in views]
        cells = torch.cat([F.interpolate(one, grid, mode="area") for one in pixels])
        apart = (cells[:, None] - torch.tensor(list(COLOURS.values()))[:, :, None, None]).square().sum(2)
        shares = F.pad((-20 * apart).softmax(1), (0, 0, 0, 0, 0, 1))
        vectors = F.normalize(shares.amax((2, 3)), dim=1)
        if words is None:
            return Seen(vectors)
        return Seen(vectors, torch.einsum("vdhw,md->vmhw", F.normalize(shares, dim=1), words.vectors))
