"""Sliding windows for views longer than the side a model was trained on, as SCLIP and its kin have.

The maps of each window are stretched over its pixels; each pixel is the mean over the windows that show it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError

BATCH = 8


def window_starts(length: int, window: int, stride: int) -> list[int]:
    """Place windows every ``stride`` pixels; the last is moved back, so that it ends where the view ends."""
    count = max(length - window + stride - 1, 0) // stride + 1
    return [max(min(i * stride + window, length) - window, 0) for i in range(count)]


def window_maps(
    view: Tensor, patch_size: int, window: int, stride: int | None, maps_of: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return the mean of the maps of all windows, each stretched over its pixels, ``(C, H, W)``.

    Windows begin at any pixel. Where the view is smaller than a window, and not made of whole patches, the
    rest isn't looked at, and what was seen is stretched over it, as in the code of SCLIP and NACLIP.

    Parameters
    ----------
    view : (1, 3, H, W) tensor
        Of any size from a patch on.
    patch_size : int
    window : int
        Side in pixels; along a shorter side of the view, that side.
    stride : int or None
        Pixels between windows; half a window by default, as in the papers.
    maps_of : callable
        ``(V, 3, h, w)`` to ``(V, C, gh, gw)``.

    Returns
    -------
    (C, H, W) tensor
        Float32, or wider where the maps are; interpolated bilinearly.

    Raises
    ------
    InputError
        When the window isn't made of whole patches, the stride leaves gaps, or the view is less than a patch.
    """
    stride = max(window // 2, 1) if stride is None else stride
    _check(view, patch_size, window, stride)
    height, width = view.shape[-2:]
    tall, wide = min(window, height), min(window, width)
    corners = [
        (top, left)
        for top in window_starts(height, tall, stride)
        for left in window_starts(width, wide, stride)
    ]
    rows, columns = (side // patch_size * patch_size for side in (tall, wide))
    total, shown = None, torch.zeros(height, width, device=view.device)
    for first in range(0, len(corners), BATCH):
        batch = corners[first : first + BATCH]
        parts = maps_of(torch.cat([view[..., t : t + rows, x : x + columns] for t, x in batch]))
        # on the CPU, half precision can't be interpolated
        parts = parts.to(torch.promote_types(parts.dtype, torch.float32))
        if total is None:
            total = parts.new_zeros(parts.shape[1], height, width)
        # one by one: all stretched windows at once are many times the size of the maps
        for (top, left), part in zip(batch, parts, strict=True):
            below, right = slice(top, top + tall), slice(left, left + wide)
            total[:, below, right] += F.interpolate(part[None], (tall, wide), mode="bilinear")[0]
            shown[below, right] += 1
    assert total is not None
    return total / shown.to(total)


def _check(view: Tensor, patch_size: int, window: int, stride: int) -> None:
    if window < patch_size or window % patch_size:
        raise InputError(f"A window of {window} isn't made of whole patches: use a multiple of {patch_size}.")
    if stride < 1:
        raise InputError(f"A stride of {stride} never moves on: use 1 pixel or more.")
    if stride > window:
        raise InputError(
            f"A stride of {stride} leaves gaps between windows of {window}: use {window} at most."
        )
    height, width = view.shape[-2:]
    if min(height, width) < patch_size:
        raise InputError(f"A view of {height} x {width} is less than a patch: use {patch_size} or more.")
