"""What a fast model learns from in one step: windows of annotated pictures, cut, turned and lit by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.categories import void_of
from napari_ovseg.models.fast.windows import shown_size
from napari_ovseg.training.annotated import Annotated

VOID = -1
# how much larger or smaller, darker or lighter a window may be shown
ZOOM, LIGHT, GAMMA = 1.33, 0.2, 0.25


@dataclass(frozen=True)
class Taught:
    """A picture at the size that it is shown at, and what is known of each of its pixels.

    Attributes
    ----------
    picture : torch.Tensor
        ``(3, H, W)``, uint8.
    truth : torch.Tensor
        ``(H, W)``, int16: 0 background, k + 1 the k-th of `names`, `VOID` where nothing is known.
    human : torch.Tensor
        ``(H, W)``, bool: the pixels that a person has painted.
    names : tuple of int
        Which of the names of the training this picture is annotated with.
    """

    picture: Tensor
    truth: Tensor
    human: Tensor
    names: tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """A part of a picture as it is shown in one step; the fields of `Taught`, with the picture in [0, 1]."""

    picture: Tensor
    truth: Tensor
    human: Tensor
    names: tuple[int, ...]


def taught(one: Annotated, names: Sequence[str], window: int, patch: int) -> Taught:
    """Bring a picture and its masks to the size that the model is shown, see `shown_size`.

    ``names`` are those of the training so far, those of this picture among them.
    """
    height, width = one.labels.shape
    size = shown_size((height, width), window, patch)
    picture = torch.from_numpy(one.picture).permute(2, 0, 1)[None]
    shrinks = size[0] < height
    picture = F.interpolate(picture, size, mode="bilinear", antialias=shrinks, align_corners=False)
    lookup = torch.full((void_of(one.labels) + 1,), VOID, dtype=torch.int16)
    lookup[0] = 0
    for label in one.categories:
        lookup[label.id] = names.index(label.name) + 1
    truth = torch.from_numpy(lookup.numpy()[one.labels])
    human = torch.zeros_like(truth, dtype=torch.bool) if one.human is None else torch.from_numpy(one.human)
    return Taught(
        (picture[0].clamp(0, 1) * 255).round().byte(),
        _nearest(truth, size),
        _nearest(human, size),
        tuple(names.index(label.name) for label in one.categories),
    )


def drawn(one: Taught, window: int, patch: int, chance: torch.Generator) -> Window:
    """Cut a window out of a picture, turn it, and show it larger or smaller, darker or lighter, by chance."""
    sides = [min(window, side // patch * patch) for side in one.truth.shape]
    zoom = ZOOM ** _between(-1, 1, chance)
    cut = [min(round(side / zoom), whole) for side, whole in zip(sides, one.truth.shape, strict=True)]
    top, left = (
        int(torch.randint(whole - part + 1, (), generator=chance))
        for part, whole in zip(cut, one.truth.shape, strict=True)
    )
    place = slice(top, top + cut[0]), slice(left, left + cut[1])
    picture = one.picture[:, *place].float()[None] / 255
    picture = F.interpolate(picture, sides, mode="bilinear", antialias=zoom < 1, align_corners=False)[0]
    truth, human = (_nearest(plane[place], (sides[0], sides[1])) for plane in (one.truth, one.human))
    mirrored = bool(_between(0, 1, chance) < 0.5)
    # a quarter turn would change the shape of what is not square
    turns = int(torch.randint(4, (), generator=chance)) if sides[0] == sides[1] else 0
    planes = []
    for plane in (picture, truth, human):
        turned = torch.rot90(plane.flip(-1) if mirrored else plane, turns, (-2, -1))
        planes.append(turned.contiguous())
    planes[0] = _lit(planes[0].clamp(0, 1), chance)
    return Window(planes[0], planes[1], planes[2], one.names)


def _lit(picture: Tensor, chance: torch.Generator) -> Tensor:
    picture = picture ** math.exp(_between(-GAMMA, GAMMA, chance))
    return (picture * (1 + _between(-LIGHT, LIGHT, chance))).clamp(0, 1)


def _between(low: float, high: float, chance: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=chance))


def _nearest(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """A plane ``(H, W)`` at another size, each pixel that of the nearest one."""
    rows, columns = (
        ((torch.arange(new) + 0.5) * old / new).long().clamp_(max=old - 1)
        for old, new in zip(plane.shape, size, strict=True)
    )
    return plane[rows][:, columns]
