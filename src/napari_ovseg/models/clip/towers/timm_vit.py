"""timm's vision transformer: class token (BiomedCLIP), average, or attention pooling (SigLIP)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from timm.layers import Attention, AttentionPoolLatent, HybridEmbed, Mlp, PatchEmbed
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ovseg.models.clip.towers.readout import Block as BlockParts
from napari_ovseg.models.clip.towers.readout import (
    LastAttention,
    Pooling,
    Positions,
    Readout,
    as_tokens,
    attention_weights,
    resized_positions,
    split_heads,
)


class TimmViT:
    """Reads open_clip's ``TimmModel`` around a ``timm`` vision transformer."""

    def __init__(self, visual: Any) -> None:
        self.visual = visual
        self.trunk = visual.trunk
        self.block = self.trunk.blocks[-1]

    @staticmethod
    def reads(visual: Any) -> bool:
        """Return whether this kind of tower fits ``visual``."""
        trunk = getattr(visual, "trunk", None)
        if not isinstance(trunk, VisionTransformer) or not isinstance(trunk.blocks[-1], Block):
            return False
        pool = trunk.attn_pool
        pools = (
            trunk.global_pool in ("token", "avg") if pool is None else isinstance(pool, AttentionPoolLatent)
        )
        attn, embed = trunk.blocks[-1].attn, trunk.patch_embed
        plain = (
            isinstance(attn, Attention) and attn.gate is None and isinstance(embed, (PatchEmbed, HybridEmbed))
        )
        return pools and plain and not hasattr(visual.head, "pool")

    @property
    def patch_size(self) -> int:
        """Pixels of the view per patch, along each axis."""
        embed = self.trunk.patch_embed
        return int(embed.img_size[0] // embed.grid_size[0])

    @property
    def pooling(self) -> Pooling:
        """How the image vector is read."""
        if self.trunk.attn_pool is not None:
            return "attention"
        return "average" if self.trunk.global_pool == "avg" else "token"

    @property
    def blocks(self) -> tuple[BlockParts, ...]:
        """The transformer blocks, first to last."""
        return tuple(_parts(block) for block in self.trunk.blocks)

    def joint(self, tokens: Tensor) -> Tensor:
        """Return one joint vector per token that leaves the last block, ``(V, N, W) -> (V, N, D)``."""
        x = self.trunk.norm(tokens)
        if self.trunk.attn_pool is None:
            return self._joint(x)
        # An attention pool that looks at one patch alone returns that patch's value.
        return self._pooled(self.trunk.attn_pool.kv(x).chunk(2, dim=-1)[1])

    @property
    def closing(self) -> nn.Module:
        """The norm of what leaves the last block."""
        return self.trunk.norm

    def of_mean(self, mean: Tensor) -> Tensor:
        """Return the joint vector of the mean of the normed patches, ``(V, W) -> (V, D)``."""
        return self._joint(mean)

    def enter(self, views: Tensor, positions: Positions = "open_clip") -> tuple[Tensor, tuple[int, int], int]:
        """Run everything before the first block: tokens ``(V, N, W)``, the grid, and the prefix length."""
        trunk, embed = self.trunk, self.trunk.patch_embed
        hybrid = isinstance(embed, HybridEmbed)
        stem = embed.backbone(views) if hybrid else views
        patches, grid = as_tokens(embed.proj(stem[-1] if isinstance(stem, (list, tuple)) else stem))
        # no patch is dropped, also in training mode: each has a place in the map
        tokens = trunk.norm_pre(self._placed(patches if hybrid else embed.norm(patches), grid, positions))
        return tokens, grid, trunk.num_prefix_tokens

    def readout(self, tokens: Tensor, grid: tuple[int, int]) -> Readout:
        """Return the row of the class token or of the attention pool (every patch's row for an average)."""
        if self.trunk.attn_pool is not None:
            return self._pooler_readout(tokens)
        block, prefix = self.block, self.trunk.num_prefix_tokens
        reading = slice(0, 1) if self.trunk.global_pool == "token" else slice(prefix, None)
        q, k, v = _qkv(block.attn, block.norm1(tokens))
        rows = tokens[:, reading]

        def tail(o: Tensor) -> Tensor:
            x = rows + block.ls1(block.attn.proj(block.attn.norm(o)))
            x = x + block.ls2(block.mlp(block.norm2(x)))
            return self._joint(self.trunk.norm(x).mean(dim=-2))

        return Readout(attention_weights(q[:, :, reading], k), v, tail, prefix)

    def last_attention(self, tokens: Tensor, grid: tuple[int, int]) -> LastAttention:
        """Return the last block's queries, keys and values of all tokens."""

        def project(o: Tensor) -> Tensor:
            return self.joint(self.block.ls1(self.block.attn.proj(self.block.attn.norm(o))))

        return LastAttention(
            *_qkv(self.block.attn, self.block.norm1(tokens)), project, self.trunk.num_prefix_tokens
        )

    def _placed(self, patches: Tensor, grid: tuple[int, int], way: Positions) -> Tensor:
        """Add positions and the class and register tokens, in the order this trunk was trained with."""
        trunk = self.trunk
        first = [
            t.expand(patches.shape[0], -1, -1) for t in (trunk.cls_token, trunk.reg_token) if t is not None
        ]
        if trunk.pos_embed is None:
            return torch.cat([*first, patches], dim=1)
        prefix = 0 if trunk.no_embed_class else trunk.num_prefix_tokens
        positions = resized_positions(trunk.pos_embed[0], trunk.patch_embed.grid_size, grid, prefix, way)
        if trunk.no_embed_class:
            return torch.cat([*first, patches + positions], dim=1)
        return torch.cat([*first, patches], dim=1) + positions

    def _joint(self, pooled: Tensor) -> Tensor:
        return self.visual.head(self.trunk.head(self.trunk.fc_norm(pooled)))

    def _pooled(self, o: Tensor) -> Tensor:
        """Everything after the attention of the pool, per row."""
        pool = self.trunk.attn_pool
        x = pool.proj(o)
        if pool.mlp is not None:
            x = x + pool.mlp(pool.norm(x))
        return self._joint(x)

    def pool_readout(self, tokens: Tensor) -> Readout:
        """Return the row of SigLIP's attention pool over any tokens; the image vector is a unit vector."""
        reading = self._read_by_pool(tokens)
        return replace(reading, tail=lambda o: F.normalize(reading.tail(o), dim=-1))

    def _pooler_readout(self, tokens: Tensor) -> Readout:
        """Return the row of the attention pool, which reads the normed patches after all blocks."""
        return self._read_by_pool(self.trunk.norm(self.block(tokens)))

    def _read_by_pool(self, x: Tensor) -> Readout:
        pool, prefix = self.trunk.attn_pool, self.trunk.num_prefix_tokens
        if not self.trunk.pool_include_prefix:
            x, prefix = x[:, prefix:], 0
        if pool.pos_embed is not None:
            x = x + pool.pos_embed
        keys, values = (split_heads(part, pool.num_heads) for part in pool.kv(x).chunk(2, dim=-1))
        query = split_heads(pool.q(pool.latent.expand(x.shape[0], -1, -1)), pool.num_heads)[:, :, :1]
        attention = attention_weights(pool.q_norm(query), pool.k_norm(keys))
        return Readout(attention, values, lambda o: self._pooled(o)[..., 0, :], prefix)


def _parts(block: Any) -> BlockParts:
    attn, mlp = block.attn, block.mlp

    def rise(x: Tensor) -> Tensor:
        x = block.norm2(x)
        return mlp.norm(mlp.drop1(mlp.act(mlp.fc1(x)))) if halves else mlp(x)

    def fall(hidden: Tensor) -> Tensor:
        return block.ls2(mlp.drop2(mlp.fc2(hidden)) if halves else hidden)

    # of other MLPs, all counts as the first half
    halves = isinstance(mlp, Mlp)
    return BlockParts(
        block,
        block.norm1,
        lambda normed: _qkv(attn, normed),
        isinstance(attn.q_norm, nn.Identity) and isinstance(attn.k_norm, nn.Identity),
        lambda o: block.ls1(attn.proj(attn.norm(o))),
        rise,
        fall,
    )


def _qkv(attn: Any, normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    q, k, v = (split_heads(part, attn.num_heads) for part in attn.qkv(normed).chunk(3, dim=-1))
    return attn.q_norm(q), attn.k_norm(k), v
