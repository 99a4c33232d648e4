"""EfficientNet-Lite2 read densely: features of its cells, and scores of the 1,000 classes of ImageNet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ovseg.errors import ModelError

ARCHITECTURE = "tf_efficientnet_lite2"
SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
STRIDE = 16
"""Pixels for each cell: the last stage is dilated in place of being strided."""
_MIDDLE = 127 / 255
_HALF_RANGE = 128 / 255


@dataclass(frozen=True)
class Cells:
    """What the network makes of V views of one size.

    Attributes
    ----------
    last : torch.Tensor
        ``(V, 1408, h, w)``: what its classifier averages, 0 to 6.
    levels : tuple of torch.Tensor
        ``(V, F, h, w)`` each: of earlier stages, on the same grid.
    """

    last: Tensor
    levels: tuple[Tensor, ...]


class Network:
    """The network in evaluation mode on one device."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self.module = module.eval().requires_grad_(False).to(device)
        self.device = device
        self.rows: Tensor = module.classifier.weight.detach().cpu()
        self.biases: Tensor = module.classifier.bias.detach().cpu()

    @torch.no_grad()
    def look(self, views: Sequence[NDArray[np.float32]], size: tuple[int, int]) -> Cells:
        """Show it views ``(H, W, 3)`` in [0, 1] at a size ``(h, w)``, multiples of `STRIDE`."""
        x = torch.cat([_shown(view, size) for view in views]).to(self.device)
        net, levels = self.module, []
        x = net.bn1(net.conv_stem(x))
        for number, stage in enumerate(net.blocks):
            x = stage(x)
            if number in LEVELS:
                levels.append(x)
        return Cells(net.bn2(net.conv_head(x)).cpu(), tuple(level.cpu() for level in levels))

    def scores(self, cells: Cells) -> Tensor:
        """Return what the classifier says of each cell by itself, ``(V, 1000, h, w)``, logits."""
        return torch.einsum("vfhw,kf->vkhw", cells.last, self.rows) + self.biases[:, None, None]


LEVELS = (4, 6)
"""The stages whose outputs are features: the last but one of stride 16, and the last."""


def _shown(view: NDArray[np.float32], size: tuple[int, int]) -> Tensor:
    pixels = torch.from_numpy(np.ascontiguousarray(view)).permute(2, 0, 1)[None]
    if pixels.shape[-2:] != tuple(size):
        pixels = F.interpolate(pixels, size=size, mode="bicubic", antialias=True).clamp(0, 1)
    return (pixels - _MIDDLE) / _HALF_RANGE


def load(path: Path, device: torch.device) -> Network:
    """Build the network from the package's file of weights.

    Raises
    ------
    ModelError
        When the file is not the one that is known, by its SHA-256.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelError(
            f'The weights "{path}" are not those that the model "photos" is known with '
            f"(SHA-256 {found[:12]} in place of {SHA256[:12]}): install the package again."
        )
    module = timm.create_model(ARCHITECTURE, pretrained=False, output_stride=STRIDE)
    return Network(in_order(module, torch.load(path, map_location="cpu", weights_only=True)), device)


def in_order(module: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """Fill a module with tensors of other names that come in the same order, each of the same shape.

    Raises
    ------
    ModelError
        When there are fewer or more, or one has another shape or another last name.
    """
    own = module.state_dict()
    pairs = list(zip(own.items(), state.items(), strict=False))
    for (name, mine), (other, theirs) in pairs:
        if mine.shape != theirs.shape or name.rsplit(".", 1)[-1] != other.rsplit(".", 1)[-1]:
            raise ModelError(f"The weight {other} doesn't fit {name} of {ARCHITECTURE}.")
    if len(own) != len(state):
        raise ModelError(f"{len(state)} weights don't fit {ARCHITECTURE}, which has {len(own)}.")
    module.load_state_dict({name: theirs for (name, _), (_, theirs) in pairs})
    return module
