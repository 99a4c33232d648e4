"""What every kind of image tower tells about its last step, and the few tensor steps they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Readout:
    """How the image vector is read from the tokens.

    Per head ``o_r = sum_n attention[r, n] * values[n]``; the heads of ``o_r`` are concatenated, and the rest
    of the network, ``tail``, is a function of ``o`` alone (methods, section 1: "closed form for the last
    block").

    Attributes
    ----------
    attention : (V, H, R, N) tensor
        The R rows that the pooled vector reads (1 for a class token or an attention pool).
    values : (V, H, N, d) tensor
    tail : callable
        ``(..., V, R, H * d) -> (..., V, D)``, the image vector before normalisation.
    prefix : int
        How many of the N tokens come before the patches.
    """

    attention: Tensor
    values: Tensor
    tail: Callable[[Tensor], Tensor]
    prefix: int

    def read(self) -> Tensor:
        """Return ``o``, ``(V, R, H * d)``."""
        return merge_heads(self.attention @ self.values)


@dataclass(frozen=True)
class LastAttention:
    """The last attention over patches, for methods that replace its weights.

    Attributes
    ----------
    queries, keys : (V, H, N, d) tensors, or None for a tower without attention
    values : (V, H, N, d) tensor
    project : callable
        ``(V, M, H * d) -> (V, M, D)``: one joint vector per token, without the last residual and MLP.
    prefix : int
        How many of the N tokens come before the patches.
    """

    queries: Tensor | None
    keys: Tensor | None
    values: Tensor
    project: Callable[[Tensor], Tensor]
    prefix: int


@dataclass(frozen=True)
class Block:
    """One transformer block, whole and in parts: ``x = x + project(merge(A v))``, then ``x = feed(x)``.

    Attributes
    ----------
    whole : callable
        The block as the network runs it, ``(V, N, W) -> (V, N, W)``.
    norm : callable
        The norm before the attention, ``(V, N, W) -> (V, N, W)``.
    qkv : callable
        Normed tokens to queries, keys and values, each ``(V, H, N, d)``.
    linear_qkv : bool
        Whether these are linear in the normed tokens, but for a bias.
    project : callable
        ``(V, N, H * d) -> (V, N, W)``: the attention's output projection.
    rise, fall : callables
        The two halves of the MLP, its norm included, ``(V, N, W) -> (V, N, M) -> (V, N, W)``; ``fall`` is
        linear but for a bias.
    """

    whole: Callable[[Tensor], Tensor]
    norm: Callable[[Tensor], Tensor]
    qkv: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
    linear_qkv: bool
    project: Callable[[Tensor], Tensor]
    rise: Callable[[Tensor], Tensor]
    fall: Callable[[Tensor], Tensor]

    def feed(self, x: Tensor) -> Tensor:
        """Return ``x + mlp(norm(x))``."""
        return x + self.fall(self.rise(x))


Pooling = Literal["token", "average", "attention"]
Positions = Literal["open_clip", "maskclip", "sclip", "clip-es"]
"""Whose way to interpolate position embeddings for another grid of patches: `resized_positions`."""


class Tower(Protocol):
    """One kind of image tower."""

    @property
    def pooling(self) -> Pooling:
        """How the image vector is read: from a class token, an average, or by an attention pool."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The transformer blocks, first to last; empty for a tower without any."""

    def joint(self, tokens: Tensor) -> Tensor:
        """Return one joint vector per token that leaves the last block, ``(V, N, W) -> (V, N, D)``.

        They are in the space of the text vectors, and not of unit length.
        """

    @property
    def closing(self) -> nn.Module:
        """The norm of what leaves the last block, ``(V, N, W) -> (V, N, W)``."""

    def of_mean(self, mean: Tensor) -> Tensor:
        """Return the joint vector of the mean of the patches after `closing`, ``(V, W) -> (V, D)``."""

    @property
    def patch_size(self) -> int:
        """Pixels of the view per patch, along each axis."""

    def enter(self, views: Tensor, positions: Positions = "open_clip") -> tuple[Tensor, tuple[int, int], int]:
        """Run everything before the first block; where there are no blocks, all but the last step.

        Parameters
        ----------
        views : (V, 3, H, W) tensor
            Preprocessed; H and W are multiples of `patch_size`.
        positions : str
            One of `Positions`; towers without position embeddings don't read it.

        Returns
        -------
        tokens : (V, N, W) tensor
            The prefix, then the patches row by row.
        grid : (rows, columns)
            Of the patches.
        prefix : int
            How many of the N tokens come before the patches.
        """

    def readout(self, tokens: Tensor, grid: tuple[int, int]) -> Readout:
        """Return how the image vector is read from ``tokens``."""

    def pool_readout(self, tokens: Tensor) -> Readout:
        """Return how an attention pool reads the tokens that leave any block, as LeGrad's code has it.

        The product of its tail with a unit text vector is the score.
        """

    def last_attention(self, tokens: Tensor, grid: tuple[int, int]) -> LastAttention:
        """Return the queries, keys and values of the last attention."""


def as_tokens(patches: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Return one token for each patch of a map ``(V, W, gh, gw)``, ``(V, gh * gw, W)``, and ``(gh, gw)``."""
    return patches.flatten(2).transpose(1, 2), (int(patches.shape[-2]), int(patches.shape[-1]))


def split_heads(x: Tensor, heads: int) -> Tensor:
    """``(V, N, H * d) -> (V, H, N, d)``."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """``(V, H, N, d) -> (V, N, H * d)``."""
    return x.transpose(1, 2).flatten(-2)


def attention_weights(queries: Tensor, keys: Tensor) -> Tensor:
    """Softmax of scaled dot products, ``(V, H, R, d)`` and ``(V, H, N, d)`` to ``(V, H, R, N)``."""
    return (queries * queries.shape[-1] ** -0.5 @ keys.transpose(-2, -1)).softmax(dim=-1)


def resized_positions(
    positions: Tensor,
    native: tuple[int, int],
    grid: tuple[int, int],
    prefix: int,
    way: Positions = "open_clip",
) -> Tensor:
    """Position embeddings for another grid of patches.

    Parameters
    ----------
    positions : (prefix + gh * gw, W) tensor
    native, grid : (rows, columns)
        The grid that ``positions`` was made for, and the one wanted; the same grid returns ``positions``
        itself.
    prefix : int
        How many rows of ``positions`` belong to no patch and stay as they are.
    way : {"open_clip", "maskclip", "sclip", "clip-es"}
        ``open_clip``: antialiased bicubic, as open_clip and timm resize on loading, GEM and LeGrad too;
        ``maskclip``: bicubic to exactly that grid, as MaskCLIP has it from mmsegmentation; ``sclip``: bicubic
        by a factor that is for a tenth of a patch more, as SCLIP, ClearCLIP, NACLIP and SC-CLIP have it from
        DINO; ``clip-es``: bilinear, as CLIP-ES.
    """
    if tuple(native) == tuple(grid):
        return positions
    patches = positions[prefix:].T.reshape(1, -1, *native)
    # on the CPU, half precision can't be interpolated
    patches = patches.to(torch.promote_types(patches.dtype, torch.float32))
    if way == "open_clip":
        patches = F.interpolate(patches, size=grid, mode="bicubic", antialias=True, align_corners=False)
    elif way == "sclip":
        factors = [(wanted + 0.1) / had for wanted, had in zip(grid, native, strict=True)]
        patches = F.interpolate(patches, scale_factor=factors, mode="bicubic", align_corners=False)
    else:
        mode = "bicubic" if way == "maskclip" else "bilinear"
        patches = F.interpolate(patches, size=grid, mode=mode, align_corners=False)
    return torch.cat([positions[:prefix], patches[0].flatten(1).T.to(positions)])
