"""Layers that are read as one picture, as plain data, and what a record says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Part:
    """One of several layers that are read as one picture.

    Attributes
    ----------
    name : str
    data : array
        The level of it that is read.
    contrast_limits : (float, float), optional
        Shown as darkest and as brightest.
    ramp : ndarray of float32 (N, 3) in [0, 1]
        Its colours, from dark to bright.
    """

    name: str
    data: Any
    contrast_limits: tuple[float, float] | None
    ramp: NDArray[np.float32]

    @property
    def reading(self) -> dict[str, Any]:
        """How it is read, for the record; what JSON can hold."""
        limits = self.contrast_limits
        return {"name": self.name, "contrast_limits": None if limits is None else list(limits)}


def as_recorded(parts: tuple[Part, ...], layers: Any) -> tuple[Part, ...]:
    """Return the same layers with the contrast of a record, found by their names."""
    known = {name: limits for name, limits in _recorded(layers).items() if limits and len(limits) == 2}
    return tuple(
        replace(part, contrast_limits=(known[part.name][0], known[part.name][1]))
        if part.name in known
        else part
        for part in parts
    )


def recorded_names(layers: Any) -> list[str]:
    """Return the names of the layers in a record; nothing in it is trusted."""
    return list(_recorded(layers))


def numbers(values: Any) -> tuple[float, ...] | None:
    """Return the numbers in what a record holds, None where it holds something else."""
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        return None


def recorded_colours(values: Any, count: int) -> tuple[str, ...] | None:
    """Return so many colours "#rrggbb" in what a record holds, None where it holds something else."""
    found = [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
    sound = len(found) == count and all(re.fullmatch("#[0-9a-f]{6}", one) for one in found)
    return tuple(found) if sound else None


def _recorded(layers: Any) -> dict[str, tuple[float, ...] | None]:
    entries = [entry for entry in layers if isinstance(entry, Mapping)] if isinstance(layers, list) else []
    return {str(entry.get("name")): numbers(entry.get("contrast_limits")) for entry in entries}
