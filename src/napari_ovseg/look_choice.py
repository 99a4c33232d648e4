"""Which look a picture is shown to a model in: judged for each name on a coarse pass, without any truth.

Two looks are compared that differ in nothing but polarity. A name that the model finds in neither, or that
stands out in both alike, is looked for in the picture as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel, Words
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import merged, words
from napari_ovseg.segmentation import Run
from napari_ovseg.single_image.standing_out import (
    best_threshold,
    brightness,
    interpolated,
    otsu,
    rise,
    stands_out,
)
from napari_ovseg.views import augmentation
from napari_ovseg.views.fusion import Fusion
from napari_ovseg.views.looks import AS_IT_IS, Look, fit, render
from napari_ovseg.views.source import PictureInMemory, reduce

BRIGHT = Look(False, True, 0.25)
DARK = Look(True, True, 0.25)
# dark things are known best when dimmed more
FINAL = {BRIGHT: BRIGHT, DARK: Look(True, True, 0.12)}
# rendered pixels for each pixel of the picture, of masks and of the coarse pass before
FINEST, COARSE = 1.5, 0.75
# the part of the windows that may know a name less well than its presence says
SPARED = 0.1
KNOWN_FROM = 0.2
PLAIN_FROM = 0.4
RISE_FROM = 0.7
JUDGED_SIDE = 512
WINDOWS_AT_ONCE = 16


@dataclass(frozen=True)
class Tried:
    """What a model says of a picture in one look.

    Attributes
    ----------
    look : Look
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1]: how sure the model is that each name is there.
    stands_out : torch.Tensor
        ``(C,)``, float32: by how much what it marks is brighter (in an inverted look: darker) than what is
        around it, in the picture as it is.
    rise : torch.Tensor
        ``(C,)``, float32: how steadily so along the outline, as `standing_out.rise` has it.
    """

    look: Look
    presence: Tensor
    stands_out: Tensor
    rise: Tensor


@dataclass(frozen=True)
class LookChoice:
    """The looks that suit the names in a picture, and why.

    Attributes
    ----------
    looks : tuple of Look
        One for each of the C names.
    sure : tuple of float
        For each name, by how much it stands out more in its polarity than in the other; 0 where the model
        knows it in neither, or what it marks has no steady outline.
    tried : tuple of Tried
        What was compared; empty where there was no choice, as in colour.
    """

    looks: tuple[Look, ...]
    sure: tuple[float, ...]
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True)
class LookMaps:
    """Where names are, seen in one look by windows.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, float32 in [0, 1]: one half where a mask ends. The power of background is 1.
    features : torch.Tensor or None
        ``(F, h, w)``, float32, where the model has any.
    presence : torch.Tensor
        ``(N,)``, float32 in [0, 1].
    guide : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1]: the picture without background, things bright, for the steps after.
    """

    maps: Tensor
    features: Tensor | None
    presence: Tensor
    guide: NDArray[np.float32]


def choose_looks(
    picture: NDArray[np.float32],
    names: tuple[Category, ...],
    *,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> LookChoice:
    """Choose a look for each name.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1], as `images.to_rgb` gives it. Colour stays as it is.
    names : tuple of Category
        The C that are looked for, without background.
    model : MapModel
    method : MapMethod
        One of the card of the model, of those whose maps are cosines.
    run : Run
        Its stage advances by one step for each batch of windows.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    if not _is_grey(picture):
        return LookChoice((AS_IT_IS,) * len(names), (0.0,) * len(names))
    asked = words(names, None, model, method)
    bright, dark = (_try(picture, look, names, asked, model, method, run) for look in (BRIGHT, DARK))
    apart = bright.stands_out - dark.stands_out
    known = torch.maximum(bright.presence, dark.presence) >= KNOWN_FROM
    steady = torch.where(apart > 0, bright.rise, dark.rise) >= RISE_FROM
    sure = torch.where(known & steady, apart.abs(), 0.0)
    looks = tuple(
        AS_IT_IS if plain < PLAIN_FROM else FINAL[BRIGHT if difference > 0 else DARK]
        for plain, difference in zip(sure.tolist(), apart.tolist(), strict=True)
    )
    return LookChoice(looks, tuple(sure.tolist()), (bright, dark))


def look_maps(
    picture: NDArray[np.float32],
    names: tuple[Category, ...],
    look: Look,
    *,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> LookMaps:
    """Look for names in a picture in one look, by windows at the finest level.

    Parameters
    ----------
    picture, names, model, method, run
        As for `choose_looks`.
    look : Look
        A chosen one, or a person's.
    """
    asked = words(names, None, model, method)
    zoom = zoom_at(FINEST, picture.shape[:2], model.input_size)
    scan = _scan(picture, look, zoom, names, asked, model, method, run, features=True)
    bare = Look(look.inverted, look.background)
    guide = render(picture, fit(picture, bare, scan.level))
    scale = model.likeness.scale
    maps = [torch.sigmoid(scale * (one - best_threshold(one, guide))) for one in scan.maps]
    return LookMaps(torch.stack(maps), scan.features, scan.presence, guide)


def zoom_at(level: float, size: Sequence[int], input_size: int) -> float:
    """How many times a window goes into a side of a square picture, for about ``level``.

    Parameters
    ----------
    level : float
        Rendered pixels for each pixel of the picture.
    size : (H, W)
    input_size : int
        Side of a window, in rendered pixels.

    Returns
    -------
    float
        1 or 1.75, 2.5 ...: with windows that overlap by just a quarter none is wasted.
    """
    zoom = level * math.sqrt(size[0] * size[1]) / input_size
    return 1 + 0.75 * max(0, round((zoom - 1) / 0.75))


@dataclass(frozen=True)
class _Scan:
    maps: Tensor
    features: Tensor | None
    presence: Tensor
    level: float


def _try(
    picture: NDArray[np.float32],
    look: Look,
    names: tuple[Category, ...],
    asked: Words,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> Tried:
    """Look at all of a picture coarsely."""
    zoom = zoom_at(COARSE, picture.shape[:2], model.input_size)
    scan = _scan(picture, look, zoom, names, asked, model, method, run)
    shown = brightness(1 - picture if look.inverted else picture, JUDGED_SIDE)
    marked = [interpolated(one, shown.shape) > otsu(one) for one in scan.maps]
    effects, rises = ([measure(inside, shown) for inside in marked] for measure in (stands_out, rise))
    return Tried(look, scan.presence, torch.tensor(effects), torch.tensor(rises))


def _scan(
    picture: NDArray[np.float32],
    look: Look,
    zoom: float,
    names: tuple[Category, ...],
    asked: Words,
    model: MapModel,
    method: MapMethod,
    run: Run,
    *,
    features: bool = False,
) -> _Scan:
    """Show the windows of a picture in a look to a model, and fuse what it says."""
    (height, width), patch = picture.shape[:2], model.patch_size
    views = [augmentation.View(box=box) for box in augmentation.windows(height, width, zoom)]
    window = augmentation.view_size(views[0], height, width, input_size=model.input_size, patch_size=patch)
    rows, columns = augmentation.extent(views, [window] * len(views))
    level = rows / height
    shown = PictureInMemory(_shown(picture, look, level))
    grid = (max(1, round(rows / patch)), max(1, round(columns / patch)))
    maps, deep, vectors = Fusion(grid), Fusion(grid), []
    for start in range(0, len(views), WINDOWS_AT_ONCE):
        run.check()
        some = views[start : start + WINDOWS_AT_ONCE]
        parts = [shown.read(view.box, side=max(shown.size)) for view in some]
        seen = model.see(parts, window, asked, method.name)
        assert seen.maps is not None, "a model that was given words says where they are"
        for number, view in enumerate(some):
            maps.add(view, seen.maps[number])
            if features and seen.features is not None:
                deep.add(view, seen.features[number])
        vectors.append(seen.vectors.float().cpu())
        run.advance()
    fused = merged(maps.result(), asked.owners, len(names))
    found = deep.result() if features and seen.features is not None else None
    return _Scan(fused, found, _presence(model, torch.cat(vectors), names), level)


def _shown(picture: NDArray[np.float32], look: Look, level: float) -> NDArray[np.float32]:
    """Render a picture, which the views then enlarge to ``level`` pixels for each of its own."""
    # twice what is shown is enough to look at, however large the picture is
    small = reduce(picture, math.ceil(2 * level * max(picture.shape[:2])))
    return render(small, fit(small, look, level * picture.shape[0] / small.shape[0]))


def _presence(model: MapModel, vectors: Tensor, names: tuple[Category, ...]) -> Tensor:
    """How sure a model is of each name, ``(C,)``: a tenth of the windows exceed it, as one may be wrong."""
    phrases = [name.phrases for name in names]
    each = torch.stack([presence_of(model, vector[None], phrases) for vector in vectors])
    return each.quantile(1 - SPARED, dim=0)


def _is_grey(picture: NDArray[np.float32]) -> bool:
    return bool((picture == picture[..., :1]).all())
