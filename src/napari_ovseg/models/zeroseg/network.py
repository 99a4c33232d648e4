"""The student: an encoder of patches, and a head that groups them and gives each group a vector.

Chen et al., "Exploring Open-Vocabulary Semantic Segmentation from CLIP Vision Encoder Distillation Only"
(arXiv 2306.00450). The encoder is that of a masked autoencoder (He et al., CVPR 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ovseg.models.zeroseg.grouping import GroupingBlock, assign, gumbel_noise
from napari_ovseg.models.zeroseg.sizes import Sizes

MEAN, DEVIATION = 0.5, 0.25


def as_patches(pixels: Tensor, patch: int) -> Tensor:
    """Return the pixels of each patch, rows of patches one after the other: ``(B, n, 3 * patch ** 2)``."""
    return F.unfold(pixels, patch, stride=patch).transpose(1, 2)


def waves(grid: tuple[int, int], width: int, learnt: int) -> Tensor:
    """Return the places of patches as sines and cosines, ``(rows * columns, width)``.

    Parameters
    ----------
    grid : (rows, columns)
    width : int
        A multiple of 4: half of it is for the row, half for the column.
    learnt : int
        Patches along a side in training. A picture of any grid covers as much, so that places mean the same.
    """
    rates = 10000.0 ** -torch.linspace(0, 1, width // 4 + 1, dtype=torch.float64)[:-1]
    parts = []
    for count in grid:
        places = (torch.arange(count, dtype=torch.float64) + 0.5) * learnt / count - 0.5
        angles = places[:, None] * rates
        parts.append(torch.cat([angles.sin(), angles.cos()], 1))
    rows, columns = (part.float() for part in parts)
    return torch.cat(
        [rows[:, None].expand(-1, grid[1], -1), columns[None].expand(grid[0], -1, -1)], 2
    ).flatten(0, 1)


class Encoder(nn.Module):
    """A vision transformer that sees only the patches it is given."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.embed = nn.Linear(3 * sizes.patch**2, sizes.width)
        self.blocks = nn.Sequential(
            *(Block(sizes.width, sizes.heads, qkv_bias=True) for _ in range(sizes.depth))
        )
        self.norm = nn.LayerNorm(sizes.width)

    def forward(self, pixels: Tensor, kept: Tensor | None = None) -> Tensor:
        """Return the tokens of the patches.

        Parameters
        ----------
        pixels : (B, 3, H, W) tensor
            In [0, 1]; sides are multiples of the patch.
        kept : (B, m) tensor, optional
            Numbers of the patches that are seen; by default all, in their order.

        Returns
        -------
        (B, m, W) tensor
        """
        patch, (height, width) = self.sizes.patch, pixels.shape[-2:]
        grid = (height // patch, width // patch)
        places = waves(grid, self.sizes.width, self.sizes.side // patch).to(pixels.device)
        tokens = self.embed(as_patches((pixels - MEAN) / DEVIATION, patch)) + places
        if kept is not None:
            tokens = tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[2]))
        return torch.as_tensor(self.norm(self.blocks(tokens)))


@dataclass(frozen=True)
class Segments:
    """What the head says of B pictures of n tokens, in G groups.

    Attributes
    ----------
    vectors : torch.Tensor
        ``(B, G, D)``: of the segments, in the space of the teacher's centred vectors.
    whole : torch.Tensor
        ``(B, D)``: of the picture as a whole.
    chosen : torch.Tensor
        ``(B, G, n)``: 1 where a token belongs to a group, up to rounding.
    logits : tuple of torch.Tensor
        Of the two grouping blocks, ``(B, G1, n)`` and ``(B, G, G1)``, without noise.
    """

    vectors: Tensor
    whole: Tensor
    chosen: Tensor
    logits: tuple[Tensor, Tensor]


class SegmentationHead(nn.Module):
    """Five transformer layers with a grouping block after the second and the fourth.

    Parameters
    ----------
    sizes : Sizes
    dimensions : int
        D, of the teacher's vectors.
    """

    def __init__(self, sizes: Sizes, dimensions: int) -> None:
        super().__init__()
        width = sizes.width
        self.tokens = nn.ParameterList(
            nn.Parameter(torch.randn(1, count, width) * 0.02) for count in sizes.groups
        )
        self.layers = nn.ModuleList(
            nn.Sequential(*(Block(width, sizes.heads, qkv_bias=True) for _ in range(count)))
            for count in (2, 2, 1)
        )
        self.groupings = nn.ModuleList(GroupingBlock(width) for _ in sizes.groups)
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, dimensions)
        )

    def forward(self, tokens: Tensor, chance: torch.Generator | None = None) -> Segments:
        """Group tokens ``(B, n, W)``; with ``chance`` by Gumbel noise, as in training."""
        logits, chosen = [], []
        for layers, grouping, own in zip(self.layers, self.groupings, self.tokens, strict=False):
            assert isinstance(grouping, GroupingBlock)
            count = tokens.shape[1]
            mixed = layers(torch.cat([tokens, own.expand(len(tokens), -1, -1)], 1))
            tokens, groups = mixed[:, :count], mixed[:, count:]
            logits.append(grouping.logits(groups, tokens))
            noise = None
            if chance is not None:
                noise = gumbel_noise(tuple(logits[-1].shape), chance).to(tokens.device)
            chosen.append(assign(logits[-1], noise))
            tokens = grouping.taken_up(groups, tokens, chosen[-1])
        segments = self.norm(self.layers[-1](tokens))
        return Segments(
            self.projection(segments),
            self.projection(segments.mean(1)),
            chosen[1] @ chosen[0],
            (logits[0], logits[1]),
        )


class Network(nn.Module):
    """What a folder holds of a student: encoder, head, and what makes its vectors those of the teacher.

    Attributes
    ----------
    centre, spread : torch.Tensor
        ``(D,)`` and ``()``: the mean of the teacher's vectors over the folder, and how far they are from it.
    level : torch.Tensor
        ``()``: the logit of a name below which a segment is background.
    """

    centre: Tensor
    spread: Tensor
    level: Tensor

    def __init__(self, sizes: Sizes, dimensions: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder = Encoder(sizes)
        self.head = SegmentationHead(sizes, dimensions)
        self.register_buffer("centre", torch.zeros(dimensions))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("level", torch.zeros(()))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Segment a batch of whole pictures ``(B, 3, H, W)`` in [0, 1].

        Returns
        -------
        vectors : (B, G, D) tensor
            In the teacher's own space, of no particular length.
        groups : (B, n) tensor
            The group of each patch, int64.
        """
        found = self.head(self.encoder(pixels))
        return found.vectors * self.spread + self.centre, found.chosen.argmax(1)
