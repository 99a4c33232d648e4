"""Sliding windows for views longer than the side a model was trained on, as SCLIP and its kin have."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from napari_ovseg.errors import InputError

BATCH = 8


def window_starts(length: int, window: int, stride: int) -> list[int]:
    """Place windows every ``stride`` pixels; the last is moved back, so that it ends where the view ends."""
    count = max(length - window + stride - 1, 0) // stride + 1
    return [max(min(i * stride + window, length) - window, 0) for i in range(count)]


def window_maps(
    view: Tensor, patch_size: int, window: int, stride: int | None, maps_of: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return the mean of the maps of all windows, ``(C, gh, gw)``, each patch over those that show it.

    Parameters
    ----------
    view : (1, 3, H, W) tensor
    patch_size : int
    window : int
        Side in pixels; along a shorter side of the view, that side.
    stride : int or None
        Pixels between windows; half a window by default, as in the papers.
    maps_of : callable
        ``(V, 3, h, w)`` to ``(V, C, gh, gw)``.

    Raises
    ------
    InputError
        When the window or the stride isn't made of whole patches, or the stride leaves gaps.
    """
    if stride is None:
        stride = max(window // 2 // patch_size, 1) * patch_size
    for what, length in (("window", window), ("stride", stride)):
        if length < patch_size or length % patch_size:
            raise InputError(
                f"A {what} of {length} isn't made of whole patches: use a multiple of {patch_size}."
            )
    if stride > window:
        raise InputError(
            f"A stride of {stride} leaves gaps between windows of {window}: use {window} at most."
        )
    height, width = view.shape[-2:]
    tall, wide = min(window, height), min(window, width)
    corners = [
        (top, left)
        for top in window_starts(height, tall, stride)
        for left in window_starts(width, wide, stride)
    ]
    total, shown = None, view.new_zeros(height // patch_size, width // patch_size)
    for first in range(0, len(corners), BATCH):
        batch = corners[first : first + BATCH]
        parts = maps_of(torch.cat([view[..., t : t + tall, x : x + wide] for t, x in batch]))
        if total is None:
            total = parts.new_zeros(parts.shape[1], *shown.shape)
        for (top, left), part in zip(batch, parts, strict=True):
            rows = slice(top // patch_size, (top + tall) // patch_size)
            columns = slice(left // patch_size, (left + wide) // patch_size)
            total[:, rows, columns] += part
            shown[rows, columns] += 1
    assert total is not None
    return total / shown.to(total)
