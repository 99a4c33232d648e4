"""open_clip's own vision transformer: class token, average or attentional (CoCa) pooling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ovseg.errors import ModelError
from napari_ovseg.models.clip.towers.readout import (
    Block,
    LastAttention,
    Pooling,
    Positions,
    Readout,
    as_tokens,
    attention_weights,
    merge_heads,
    resized_positions,
    split_heads,
)


class OpenClipViT:
    """Reads ``open_clip.transformer.VisionTransformer``."""

    def __init__(self, visual: Any) -> None:
        self.visual = visual
        self.block = visual.transformer.resblocks[-1]
        if not isinstance(self.block, ResidualAttentionBlock):
            raise ModelError(
                f"The last block of this image tower is a {type(self.block).__name__}, which can't be taken "
                "apart here: use a model with open_clip's default block."
            )

    @property
    def patch_size(self) -> int:
        """Pixels of the view per patch, along each axis."""
        return int(self.visual.patch_size[0])

    @property
    def pooling(self) -> Pooling:
        """How the image vector is read."""
        if self.visual.attn_pool is not None:
            return "attention"
        return "average" if self.visual.pool_type == "avg" else "token"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The transformer blocks, first to last."""
        return tuple(_parts(block) for block in self.visual.transformer.resblocks)

    def joint(self, tokens: Tensor) -> Tensor:
        """Return one joint vector per token that leaves the last block, ``(V, N, W) -> (V, N, D)``."""
        if self.visual.attn_pool is not None:
            return self._pooled(_pooler_values(self.visual.attn_pool, tokens))
        return self._joint(self.visual.ln_post(tokens))

    @property
    def closing(self) -> nn.Module:
        """The norm of what leaves the last block."""
        return self.visual.ln_post

    def of_mean(self, mean: Tensor) -> Tensor:
        """Return the joint vector of the mean of the normed patches, ``(V, W) -> (V, D)``."""
        return self._joint(mean)

    def enter(self, views: Tensor, positions: Positions = "open_clip") -> tuple[Tensor, tuple[int, int], int]:
        """Run everything before the first block: tokens ``(V, N, W)``, the grid, and the prefix length."""
        visual = self.visual
        patches, grid = as_tokens(visual.conv1(views))
        start = visual.class_embedding.to(patches.dtype).expand(patches.shape[0], 1, -1)
        places = resized_positions(visual.positional_embedding, visual.grid_size, grid, 1, positions)
        tokens = torch.cat([start, patches], dim=1) + places.to(patches.dtype)
        # no patch is dropped, also in training mode: each has a place in the map
        return visual.ln_pre(tokens), grid, 1

    def readout(self, tokens: Tensor, grid: tuple[int, int]) -> Readout:
        """Return the class token's row (every patch's row where the tower averages them)."""
        if self.visual.attn_pool is not None:
            return self._pooler_readout(tokens)
        if self.visual.pool_type not in ("tok", "avg"):
            raise ModelError(
                f"An image tower with pooling {self.visual.pool_type!r} has no image vector to explain."
            )
        rows = tokens[:, :1] if self.visual.pool_type == "tok" else tokens[:, 1:]
        block = self.block
        normed = block.ln_1(tokens)
        reading = normed[:, :1] if self.visual.pool_type == "tok" else normed[:, 1:]
        queries = _project(block.attn, reading, "q")
        keys = _project(block.attn, normed, "k")
        values = _project(block.attn, normed, "v")

        def tail(o: Tensor) -> Tensor:
            x = rows + block.ls_1(block.attn.out_proj(o))
            x = x + block.ls_2(block.mlp(block.ln_2(x)))
            # The mean over rows is the class token itself where there is one row.
            if self.visual.final_ln_after_pool:
                return self._joint(self.visual.ln_post(x.mean(dim=-2)))
            return self._joint(self.visual.ln_post(x).mean(dim=-2))

        return Readout(attention_weights(queries, keys), values, tail, prefix=1)

    def last_attention(self, tokens: Tensor, grid: tuple[int, int]) -> LastAttention:
        """Return the last block's queries, keys and values of all tokens."""
        attn = self.block.attn
        normed = self.block.ln_1(tokens)

        def project(o: Tensor) -> Tensor:
            return self.joint(self.block.ls_1(attn.out_proj(o)))

        q, k, v = (_project(attn, normed, which) for which in "qkv")
        return LastAttention(q, k, v, project, prefix=1)

    def _joint(self, x: Tensor) -> Tensor:
        return x if self.visual.proj is None else x @ self.visual.proj

    def _pooled(self, o: Tensor) -> Tensor:
        return self._joint(self.visual.ln_post(self.visual.attn_pool.attn.out_proj(o)))

    def pool_readout(self, tokens: Tensor) -> Readout:
        """Return how the first query of CoCa's pooler reads any tokens; without the norm after it."""
        if self.visual.attn_pool_contrastive is not None or self.visual.pool_type != "tok":
            raise ModelError("CoCa towers with parallel or cascaded poolers can't be explained here.")
        pool = self.visual.attn_pool
        context = pool.ln_k(tokens)
        query = pool.ln_q(pool.query)[:1].expand(tokens.shape[0], 1, -1)
        q, k, v = (
            _project(pool.attn, x, which) for x, which in zip((query, context, context), "qkv", strict=True)
        )
        return Readout(
            attention_weights(q, k), v, lambda o: self._joint(pool.attn.out_proj(o))[..., 0, :], prefix=1
        )

    def _pooler_readout(self, tokens: Tensor) -> Readout:
        """CoCa: the first query of the attentional pooler is the image vector."""
        reading = self.pool_readout(self.block(tokens))
        return replace(reading, tail=lambda o: self._pooled(o)[..., 0, :])


def _parts(block: Any) -> Block:
    def qkv(normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (_project(block.attn, normed, which) for which in "qkv")
        return q, k, v

    def whole(tokens: Tensor) -> Tensor:
        # twice as fast as `nn.MultiheadAttention`, which holds the weights of all heads in memory
        read = F.scaled_dot_product_attention(*qkv(block.ln_1(tokens)))
        x = tokens + block.ls_1(block.attn.out_proj(merge_heads(read)))
        return x + block.ls_2(block.mlp(block.ln_2(x)))

    return Block(
        whole,
        block.ln_1,
        qkv,
        True,
        lambda o: block.ls_1(block.attn.out_proj(o)),
        lambda x: block.mlp.gelu(block.mlp.c_fc(block.ln_2(x))),
        lambda hidden: block.ls_2(block.mlp.c_proj(hidden)),
    )


def _pooler_values(pool: Any, tokens: Tensor) -> Tensor:
    return _project(pool.attn, pool.ln_k(tokens), "v").transpose(1, 2).flatten(-2)


def _project(attn: Any, x: Tensor, which: str) -> Tensor:
    """Apply one input projection of ``nn.MultiheadAttention``: ``(V, N, W) -> (V, H, N, d)``."""
    index = "qkv".index(which)
    packed = attn.in_proj_weight
    weight = getattr(attn, f"{which}_proj_weight") if packed is None else packed.chunk(3)[index]
    bias = None if attn.in_proj_bias is None else attn.in_proj_bias.chunk(3)[index]
    return split_heads(F.linear(x, weight, bias), attn.num_heads)
