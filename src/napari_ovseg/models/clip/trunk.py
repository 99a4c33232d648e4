"""The costly part of a run: all of the image tower but its last step, and the cache that keeps it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.towers import LastAttention, Positions, Readout, tower_of
from napari_ovseg.models.clip.towers.readout import Block, attention_weights, merge_heads

ATTENTIVE_BLOCKS = 8
"""As many as CLIP-ES reads: the last blocks, where attention is between patches of one thing."""


@dataclass(frozen=True)
class TrunkStates:
    """What the image tower knows before its last step; text plays no part in it.

    Attributes
    ----------
    tokens : (V, n, W) tensor
        The tokens that enter the last block, class token first (convolutional towers: the last feature map).
    grid : (gh, gw)
        Rows and columns of patches.
    prefix : int
        How many tokens come before the patches (1 for a class token, 0 for none).
    levels : tuple of (V, n, W) tensors
        The tokens that enter each block, first to last, where they were asked for; else empty.
    attention : (V, gh * gw, gh * gw) tensor or None
        How much each patch attends to each other, the mean over the heads of the last
        `ATTENTIVE_BLOCKS` blocks, where it was asked for.
    vectors : (V, D) tensor or None
        The unit vector of each view, where another tower than that of the tokens says what is in it.
    """

    tokens: Tensor
    grid: tuple[int, int]
    prefix: int = 1
    levels: tuple[Tensor, ...] = ()
    attention: Tensor | None = None
    vectors: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Memory that the states take; the last level is ``tokens`` itself."""
        others = sum(one.nbytes for one in (self.attention, self.vectors) if one is not None)
        return self.tokens.nbytes + others + sum(level.nbytes for level in self.levels[:-1])

    def map(self, change: Callable[[Tensor], Tensor]) -> TrunkStates:
        """Return the states with every tensor changed alike, e.g. moved, copied or sliced."""
        tokens = change(self.tokens)
        levels = (*(change(level) for level in self.levels[:-1]), tokens) if self.levels else ()
        attention, vectors = (None if one is None else change(one) for one in (self.attention, self.vectors))
        return TrunkStates(tokens, self.grid, self.prefix, levels, attention, vectors)

    @property
    def patches(self) -> Tensor:
        """The patch tokens alone, ``(V, gh * gw, W)``."""
        return self.tokens[:, self.prefix :]


def trunk_states(
    network: Any,
    views: Tensor,
    *,
    levels: bool = False,
    attention: bool = False,
    positions: Positions = "open_clip",
) -> TrunkStates:
    """Run an open_clip model's image tower up to its last block.

    Parameters
    ----------
    network : open_clip model
    views : (V, 3, h, w) float tensor
        Preprocessed views; h and w are multiples of the patch size, and need not be the size the model was
        trained at: position embeddings are interpolated.
    levels : bool
        Keep the tokens that enter every block, for methods that read more than the last one.
    attention : bool
        Keep how patches attend to each other: all but free as the blocks run, and far smaller than levels.
    positions : {"open_clip", "maskclip", "sclip", "clip-es"}
        How they are interpolated: `towers.readout.resized_positions`.

    Returns
    -------
    TrunkStates
        Differentiable with respect to the network and the views; wrap the call in ``torch.no_grad`` for use.

    Raises
    ------
    InputError
        When the views don't have this shape.
    ModelError
        When the tower is of an unknown kind.
    """
    tower = tower_of(network.visual)
    if views.ndim != 4 or views.shape[1] != 3:
        raise InputError(f"Views must have the shape (V, 3, h, w), not {tuple(views.shape)}.")
    patch = tower.patch_size
    if any(side < patch or side % patch for side in views.shape[-2:]):
        height, width = views.shape[-2:]
        raise InputError(
            f"A view of {height} x {width} isn't made of whole patches: use multiples of {patch} pixels."
        )
    tokens, grid, prefix = tower.enter(views, positions)
    kept, seen = [], []
    blocks = tower.blocks
    for after, block in zip(range(len(blocks), 0, -1), blocks, strict=True):
        if levels:
            kept.append(tokens)
        leave: Callable[[], Tensor] = partial(block.whole, tokens)
        if attention and after <= ATTENTIVE_BLOCKS:
            weights, leave = attended(block, tokens)
            seen.append(weights[:, :, prefix:, prefix:].mean(dim=1))
        # what the last block makes of them is left to the methods
        if after > 1:
            tokens = leave()
    return TrunkStates(tokens, grid, prefix, tuple(kept), torch.stack(seen).mean(dim=0) if seen else None)


def attended(block: Block, tokens: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
    """Run a block in parts: its attention ``(V, H, N, N)``, and the rest, which returns what leaves it."""
    q, k, v = block.qkv(block.norm(tokens))
    weights = attention_weights(q, k)
    return weights, lambda: block.feed(tokens + block.project(merge_heads(weights @ v)))


def readout(network: Any, states: TrunkStates) -> Readout:
    """Return how the image vector is read from ``states`` (the last block in parts)."""
    return tower_of(network.visual).readout(states.tokens, states.grid)


def last_attention(network: Any, states: TrunkStates) -> LastAttention:
    """Return the last attention's queries, keys and values, for methods that edit it."""
    return tower_of(network.visual).last_attention(states.tokens, states.grid)


def image_vectors(network: Any, states: TrunkStates) -> Tensor:
    """Finish the image tower: ``(V, D)``, equal to ``network.encode_image(views, normalize=True)``."""
    reading = readout(network, states)
    return F.normalize(reading.tail(reading.read()), dim=-1)


def patch_vectors(network: Any, states: TrunkStates) -> Tensor:
    """Return each patch's own unit vector in the joint space, ``(V, gh * gw, D)``, as MaskCLIP reads it.

    Of the last attention only the values count, without its residual and MLP (Zhou et al., ECCV 2022).
    """
    attention = last_attention(network, states)
    own = merge_heads(attention.values[:, :, attention.prefix :])
    return F.normalize(attention.project(own), dim=-1)


def deep_features(network: Any, states: TrunkStates) -> Tensor:
    """Return deep features per patch, ``(V, F, gh, gw)`` float32, for a head trained on one picture.

    Two halves of equal weight (each channel has variance about 1 over the channels): the tokens that
    enter the last block, layer-normalised, which hold place and texture; and the patch's own joint
    vector, as MaskCLIP reads it, which holds what names mean.
    """
    joint = patch_vectors(network, states)
    joint = joint * joint.shape[-1] ** 0.5
    tokens = F.layer_norm(states.patches, states.patches.shape[-1:])
    both = torch.cat([tokens, joint], dim=-1).float()
    return both.transpose(1, 2).unflatten(-1, states.grid)


class TrunkCache:
    """The most recently used trunk states, at most ``max_bytes`` of them; safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._states: OrderedDict[str, TrunkStates] = OrderedDict()
        self._lock = Lock()

    @staticmethod
    def key(model_id: str, view: Tensor) -> str:
        """Return the key of one view ``(3, h, w)`` for one model: a digest of its content."""
        content = view.detach().cpu().contiguous()
        digest = hashlib.blake2b(
            f"{model_id} {tuple(content.shape)} {content.dtype}".encode(), digest_size=16
        )
        digest.update(content.numpy().tobytes())
        return digest.hexdigest()

    def get(self, key: str) -> TrunkStates | None:
        """Return the states under ``key``, and count them as just used."""
        with self._lock:
            states = self._states.get(key)
            if states is not None:
                self._states.move_to_end(key)
            return states

    def put(self, key: str, states: TrunkStates) -> None:
        """Keep ``states``; the least recently used make room, and what is too large is not kept."""
        # A slice of a batch would keep the entire batch in memory.
        states = states.map(lambda tensor: tensor.detach().clone())
        size = states.nbytes
        with self._lock:
            previous = self._states.pop(key, None)
            if previous is not None:
                self.used_bytes -= previous.nbytes
            if size > self.max_bytes:
                return
            self._states[key] = states
            self.used_bytes += size
            while self.used_bytes > self.max_bytes:
                _, oldest = self._states.popitem(last=False)
                self.used_bytes -= oldest.nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._states.clear()
            self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._states)


def stacked(parts: list[TrunkStates]) -> TrunkStates:
    """Join the states of views of one size into one batch."""
    tokens = torch.cat([part.tokens for part in parts])
    below = zip(*(part.levels[:-1] for part in parts), strict=True)
    levels = (*(torch.cat(level) for level in below), tokens) if parts[0].levels else ()
    seen = [part.attention for part in parts if part.attention is not None]
    attention = torch.cat(seen) if seen else None
    said = [part.vectors for part in parts if part.vectors is not None]
    vectors = torch.cat(said) if said else None
    return TrunkStates(tokens, parts[0].grid, parts[0].prefix, levels, attention, vectors)
