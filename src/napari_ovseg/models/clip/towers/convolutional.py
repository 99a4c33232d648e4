"""Convolutional towers: CLIP's ResNet with its attention pool, and timm networks that average their maps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_ovseg.errors import ModelError
from napari_ovseg.models.clip.towers.readout import (
    Block,
    LastAttention,
    Pooling,
    Positions,
    Readout,
    as_tokens,
    attention_weights,
    resized_positions,
    split_heads,
)


class WithoutBlocks:
    """What towers without transformer blocks answer alike."""

    blocks: tuple[Block, ...] = ()
    closing: nn.Module = nn.Identity()

    def pool_readout(self, tokens: Tensor) -> Readout:
        """Refuse: there are no several layers that a pool could read."""
        raise ModelError("This image tower has no transformer blocks whose tokens could be read.")


class ModifiedResNetTower(WithoutBlocks):
    """Reads ``open_clip``'s ``ModifiedResNet``: the mean token of its attention pool reads the patches."""

    pooling: Pooling = "attention"

    def joint(self, tokens: Tensor) -> Tensor:
        """Return one joint vector per cell of the last feature map, ``(V, N, W) -> (V, N, D)``."""
        return self.visual.attnpool.c_proj(self.visual.attnpool.v_proj(tokens))

    def of_mean(self, mean: Tensor) -> Tensor:
        """Return the joint vector of the mean of the cells, ``(V, W) -> (V, D)``."""
        return self.joint(mean)

    def __init__(self, visual: Any) -> None:
        self.visual = visual

    @property
    def patch_size(self) -> int:
        """Pixels of the view per patch, along each axis."""
        return 32

    def enter(self, views: Tensor, positions: Positions = "open_clip") -> tuple[Tensor, tuple[int, int], int]:
        """Run all convolutions: cells of the last feature map ``(V, gh * gw, W)``, the grid, no prefix."""
        x = self.visual.stem(views)
        for layer in (self.visual.layer1, self.visual.layer2, self.visual.layer3, self.visual.layer4):
            x = layer(x)
        return *as_tokens(x), 0

    def readout(self, tokens: Tensor, grid: tuple[int, int]) -> Readout:
        """Return the mean token's row of the attention pool."""
        q, k, v = self._qkv(tokens, grid)
        tail = self.visual.attnpool.c_proj
        return Readout(attention_weights(q[:, :, :1], k), v, lambda o: tail(o)[..., 0, :], prefix=1)

    def last_attention(self, tokens: Tensor, grid: tuple[int, int]) -> LastAttention:
        """Return the attention pool's queries, keys and values.

        Positions have no part in the values, as a patch's own value says what it is, not where (MaskCLIP).
        """
        pool = self.visual.attnpool
        q, k, _ = self._qkv(tokens, grid)
        values = pool.v_proj(torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1))
        return LastAttention(q, k, split_heads(values, pool.num_heads), pool.c_proj, prefix=1)

    def _qkv(self, tokens: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        pool = self.visual.attnpool
        x = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)
        native = round((pool.positional_embedding.shape[0] - 1) ** 0.5)
        x = x + resized_positions(pool.positional_embedding, (native, native), grid, prefix=1)
        q, k, v = (
            split_heads(project(x), pool.num_heads) for project in (pool.q_proj, pool.k_proj, pool.v_proj)
        )
        return q, k, v


class TimmConvTower(WithoutBlocks):
    """Reads open_clip's ``TimmModel`` around a convolutional trunk that ends in average pooling."""

    pooling: Pooling = "average"

    def joint(self, tokens: Tensor) -> Tensor:
        """Return one joint vector per cell of the last feature map, ``(V, N, W) -> (V, N, D)``."""
        return self._joint(tokens)

    def of_mean(self, mean: Tensor) -> Tensor:
        """Return the joint vector of the mean of the cells, ``(V, W) -> (V, D)``."""
        return self._joint(mean)

    def __init__(self, visual: Any) -> None:
        self.visual = visual

    @property
    def patch_size(self) -> int:
        """Pixels of the view per patch, along each axis."""
        return int(self.visual.trunk.feature_info[-1]["reduction"])

    @staticmethod
    def reads(visual: Any) -> bool:
        """Return whether this kind of tower fits ``visual``."""
        trunk = getattr(visual, "trunk", None)
        pool = getattr(getattr(trunk, "head", trunk), "global_pool", None)
        averages = getattr(pool, "pool_type", "") in ("avg", "fast")
        stages = hasattr(trunk, "stages") or hasattr(trunk, "layer4")
        return (
            averages and stages and not getattr(pool, "is_nhwc", False) and not hasattr(visual.head, "pool")
        )

    def enter(self, views: Tensor, positions: Positions = "open_clip") -> tuple[Tensor, tuple[int, int], int]:
        """Run all convolutions: cells of the last feature map ``(V, gh * gw, W)``, the grid, no prefix."""
        x = self.visual.trunk.forward_features(views)
        return *as_tokens(x), 0

    def readout(self, tokens: Tensor, grid: tuple[int, int]) -> Readout:
        """Return the average over the patches as one head with equal weights."""
        equal = tokens.new_full((tokens.shape[0], 1, 1, tokens.shape[1]), 1 / tokens.shape[1])
        return Readout(equal, tokens[:, None], lambda o: self._joint(o)[..., 0, :], prefix=0)

    def last_attention(self, tokens: Tensor, grid: tuple[int, int]) -> LastAttention:
        """Return the feature map as values; there are no queries and keys."""
        return LastAttention(None, None, tokens[:, None], self._joint, prefix=0)

    def _joint(self, o: Tensor) -> Tensor:
        # A map of one cell passes the average pooling unchanged, so timm's own head does the rest.
        pooled = self.visual.trunk.forward_head(o.reshape(-1, o.shape[-1], 1, 1))
        return self.visual.head(pooled).unflatten(0, o.shape[:-1])
