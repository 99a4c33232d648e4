"""Stored values as brightness: which of them is black, which is white, and all between in [0, 1]."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError

# Bright specks and dead pixels are rarer than this, real structures rarely are.
_PERCENTILES = (0.1, 99.9)
MAX_SAMPLES = 1_000_000

Limits = tuple[float, float]
"""The values that are shown as black and as white."""


def read_values(image: Any, index: tuple[Any, ...] = ()) -> NDArray[Any]:
    """Load an array or a part of it as float32, or float64 where float32 would lose values.

    Raises
    ------
    InputError
        Where it holds NaN or infinity.
    """
    loaded = np.asarray(image[index] if index else image)
    exact = loaded.dtype.itemsize <= 2 or loaded.dtype == np.float32
    with np.errstate(over="ignore"):
        values = loaded.astype(np.float32 if exact else np.float64)
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise InputError(
            f"The picture holds {bad} values that are NaN or infinite: replace them first, for example by "
            "numpy.nan_to_num(image, posinf=0, neginf=0)."
        )
    return values


def usual_limits(values: NDArray[Any], dtype: np.dtype[Any], colours: bool) -> Limits:
    """Return the values shown as black and as white, where nobody chose them: see `images.to_rgb`.

    Parameters
    ----------
    values : np.ndarray
        ``(H, W)`` or ``(H, W, 3 or 4)``, float, finite: the whole picture, or a sample from all over it.
    dtype : np.dtype
        Of the values as they are stored.
    colours : bool
        Whether the last axis holds them.
    """
    if not colours:
        return _robust_limits(values)
    values = values[..., :3]
    grey = bool((values[..., :1] == values).all())
    if not grey and dtype == np.uint8:
        return (0.0, 255.0)
    if not grey and (dtype.kind == "b" or (dtype.kind == "f" and values.min() >= 0 and values.max() <= 1)):
        return (0.0, 1.0)
    return _robust_limits(values)


def shown(values: NDArray[Any], dtype: np.dtype[Any], limits: Limits) -> NDArray[np.float32]:
    """Show grey values ``(H, W)`` or colours ``(H, W, 3 or 4)`` as RGB, float32 in [0, 1]; over black."""
    if values.ndim == 2:
        return np.repeat(stretch(values, limits)[..., None], 3, axis=-1)
    picture, alpha = stretch(values[..., :3], limits), values[..., 3:]
    if alpha.size:
        opaque = float(np.iinfo(dtype).max) if dtype.kind in "ui" else 1.0
        picture = picture * np.clip(alpha / opaque, 0, 1).astype(np.float32)
    return picture


def stretch(values: NDArray[Any], limits: Limits | None) -> NDArray[np.float32]:
    """Map values linearly so that the limits become 0 and 1, and clip; by default robust ones."""
    low, high = limits if limits is not None else _robust_limits(values)
    if low == high:
        return np.zeros(values.shape, np.float32)
    # Dividing first keeps ranges near the largest float from overflowing.
    scale = max(abs(low), abs(high))
    with np.errstate(under="ignore", over="ignore"):
        stretched = (values / scale - low / scale) / (high / scale - low / scale)
    return np.clip(stretched, 0, 1).astype(np.float32)


def _robust_limits(values: NDArray[Any]) -> Limits:
    step = max(1, math.isqrt(values.size // MAX_SAMPLES))
    sample = values[::step, ::step]
    # Ranks, not interpolation: the difference of two extreme floats may overflow.
    low, high = np.percentile(sample, _PERCENTILES, method="nearest")
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)
