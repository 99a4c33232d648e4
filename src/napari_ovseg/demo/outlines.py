"""Outlines of the things in generated scenes, as functions of coordinates in units of the thing's radius."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def _circle(u: Array, v: Array) -> NDArray[np.bool_]:
    return u * u + v * v < 1


def _square(u: Array, v: Array) -> NDArray[np.bool_]:
    return np.maximum(abs(u), abs(v)) < 0.85


def _triangle(u: Array, v: Array) -> NDArray[np.bool_]:
    return (v < 0.55) & (v - 1.73 * u > -1.1) & (v + 1.73 * u > -1.1)


def _star(u: Array, v: Array) -> NDArray[np.bool_]:
    sector = np.abs((np.arctan2(u, v) / (2 * np.pi / 5)) % 1 - 0.5) * 2
    return np.hypot(u, v) * (1 + 1.3 * (1 - sector)) < 1.05


def _cross(u: Array, v: Array) -> NDArray[np.bool_]:
    return (np.minimum(abs(u), abs(v)) < 0.28) & (np.maximum(abs(u), abs(v)) < 0.95)


def _ring(u: Array, v: Array) -> NDArray[np.bool_]:
    return abs(np.hypot(u, v) - 0.77) < 0.22


def _crescent(u: Array, v: Array) -> NDArray[np.bool_]:
    return (u * u + v * v < 1) & ((u - 0.5) ** 2 + v * v > 0.75**2)


OUTLINES: dict[str, Callable[[Array, Array], NDArray[np.bool_]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
}


def _rods(u: Array, v: Array) -> NDArray[np.bool_]:
    return np.hypot(np.maximum(abs(u) - 0.75, 0), v) < 0.25


def _thin_ring(u: Array, v: Array) -> NDArray[np.bool_]:
    return abs(np.hypot(u, v) - 0.82) < 0.17


def _wobbly(u: Array, v: Array, rng: np.random.Generator, amount: float) -> NDArray[np.bool_]:
    angle, radius = np.arctan2(v, u), np.hypot(u, v)
    phase = rng.uniform(0, 2 * np.pi, 3)
    wobble = sum(amount * np.sin(k * angle + phase[k - 2]) / k for k in (2, 3, 4))
    return radius < 0.85 + wobble


def _crystal(u: Array, v: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    inside = np.ones(u.shape, bool)
    start = rng.uniform(0, 2 * np.pi)
    for k in range(5):
        angle = start + (k + rng.uniform(-0.25, 0.25)) * 2 * np.pi / 5
        inside &= u * np.cos(angle) + v * np.sin(angle) < rng.uniform(0.5, 0.9)
    return inside


def particle(kind: str, u: Array, v: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where a particle of this kind is, on coordinates in units of its radius; no two are alike."""
    if kind == "round cells":
        return _wobbly(u, v, rng, 0.08)
    if kind == "debris":
        return _wobbly(u * 1.3, v, rng, 0.5)
    if kind == "crystals":
        return _crystal(u, v, rng)
    if kind == "fibres":
        bend = 0.18 * np.sin(u * rng.uniform(1.5, 4) + rng.uniform(0, 6))
        return (abs(v - bend) < 0.045) & (abs(u) < 1)
    return {"rods": _rods, "rings": _thin_ring}[kind](u, v)
