"""The decoder of a masked autoencoder (He et al., CVPR 2022), which paints hidden patches; training only."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from napari_ovseg.models.zeroseg.network import waves
from napari_ovseg.models.zeroseg.sizes import Sizes
from napari_ovseg.training.zeroseg.presets import Recipe


class Decoder(nn.Module):
    """A vision transformer from the tokens of some patches to the pixels of all."""

    places: Tensor

    def __init__(self, sizes: Sizes, recipe: Recipe) -> None:
        super().__init__()
        width = recipe.decoder_width
        count = sizes.side // sizes.patch
        self.embed = nn.Linear(sizes.width, width)
        self.hidden = nn.Parameter(torch.randn(width) * 0.02)
        self.blocks = nn.Sequential(
            *(Block(width, recipe.decoder_heads, qkv_bias=True) for _ in range(recipe.decoder_depth))
        )
        self.norm = nn.LayerNorm(width)
        self.pixels = nn.Linear(width, 3 * sizes.patch**2)
        self.register_buffer("places", waves((count, count), width, count), persistent=False)

    def forward(self, tokens: Tensor, kept: Tensor) -> Tensor:
        """Paint all n patches of square pictures.

        Parameters
        ----------
        tokens : (B, m, W) tensor
        kept : (B, m) tensor
            The number of the patch of each token.

        Returns
        -------
        (B, n, P) tensor
        """
        embedded = self.embed(tokens)
        every = self.hidden.to(embedded.dtype).expand(len(kept), len(self.places), -1)
        every = every.scatter(1, kept[..., None].expand(-1, -1, every.shape[2]), embedded)
        return torch.as_tensor(self.pixels(self.norm(self.blocks(every + self.places))))
