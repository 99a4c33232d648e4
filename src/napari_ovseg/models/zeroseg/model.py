"""A student of ZeroSeg as a `MaskModel`: one look at a picture, and text compared with its segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import ModelError
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import logits_of
from napari_ovseg.models.run_card import digest_of_weights
from napari_ovseg.models.zeroseg.card import ZeroSegCard
from napari_ovseg.models.zeroseg.network import Network
from napari_ovseg.models.zeroseg.sizes import SIZES, Sizes

LONGEST = 4
"""A picture more elongated than this is shown smaller, so that it has no more patches."""


class ZeroSegModel:
    """A student that has learnt, and its teacher for the words.

    Attributes
    ----------
    card, device, checkpoint_id, notes, side
        As in `MaskModel`.
    network : Network
    teacher : MapModel
    """

    def __init__(self, card: ModelCard, network: Network, teacher: MapModel, checkpoint_id: str) -> None:
        self.card, self.network, self.teacher = card, network, teacher
        self.checkpoint_id = checkpoint_id
        self.notes: list[str] = []

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.network.centre.device

    @property
    def side(self) -> int:
        """Pixels along the longer side of the picture that it is shown."""
        return LONGEST * self.network.sizes.shown

    @torch.no_grad()
    def scores(self, picture: NDArray[np.float32], phrases: Sequence[Sequence[str]]) -> Tensor:
        """Say of which category each pixel is: `MaskModel.scores`."""
        size = shown_size(picture.shape[:2], self.network.sizes)
        vectors, groups = self.network(resized(picture, size)[None].to(self.device))
        patch = self.network.sizes.patch
        grid = size[0] // patch, size[1] // patch
        if not phrases:
            return torch.ones(1, *grid)
        sure = torch.sigmoid(named_logits(self.teacher, vectors[0], phrases) - self.network.level.cpu())
        scores = torch.cat([1 - sure.amax(1, keepdim=True), sure], 1)
        return scores[groups[0].cpu()].T.unflatten(1, grid)


def named_logits(teacher: MapModel, vectors: Tensor, phrases: Sequence[Sequence[str]]) -> Tensor:
    """Return how well segments ``(G, D)`` suit categories, as their teacher reads its own, ``(G, C)``."""
    vectors = vectors.float().cpu()
    if not teacher.likeness.of_shares:
        vectors = F.normalize(vectors, dim=1)
    return logits_of(teacher, vectors, phrases)


def shown_size(size: Sequence[int], sizes: Sizes) -> tuple[int, int]:
    """Return the size ``(h, w)`` at which a picture is shown: whole patches, its aspect about kept."""
    short, long = min(size), max(size)
    scale = sizes.shown / short * min(1.0, (LONGEST * short / long) ** 0.5)
    rows, columns = (max(1, round(length * scale / sizes.patch)) for length in size)
    return rows * sizes.patch, columns * sizes.patch


def resized(picture: NDArray[np.float32], size: tuple[int, int]) -> Tensor:
    """Return a picture ``(H, W, 3)`` at a size, antialiased: ``(3, h, w)`` in [0, 1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
    if pixels.shape[-2:] == size:
        return pixels[0]
    return F.interpolate(pixels, size, mode="bicubic", antialias=True, align_corners=False)[0].clamp(0, 1)


def build(
    card: ModelCard, run: ZeroSegCard, teacher: MapModel, path: Path, device: torch.device
) -> ZeroSegModel:
    """Build a student on a device from its file of weights.

    Raises
    ------
    ModelError
        When the teacher's weights are others than those that were learnt from, or the file is damaged.
    """
    again = run.again(path.parent)
    if teacher.checkpoint_id != run.teacher_weights:
        raise ModelError(
            f'The weights of "{run.teacher}" have changed since "{path.parent}" learnt from them: remove '
            f"this folder and learn anew, by {again}"
        )
    if digest_of_weights(path) != run.weights:
        raise ModelError(f'"{path}" is damaged. This makes it again: {again}')
    try:
        learnt = load_file(path)
        network = Network(SIZES[run.preset], len(learnt["centre"]))
        network.load_state_dict(learnt)
    except (KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f'"{path}" is of another version of napari-ovseg: remove this folder and learn anew, by {again}'
        ) from error
    network.eval().requires_grad_(False)
    return ZeroSegModel(card, network.to(device), teacher, str(run.weights))
