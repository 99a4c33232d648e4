"""What is decided for a large picture as a whole: once, on samples from all over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.context import Context, what_is_there
from napari_ovseg.distillation import distil_maps
from napari_ovseg.errors import InputError
from napari_ovseg.in_looks import Measured
from napari_ovseg.large.tiles import CORE, HALO, Part, Tile, tiles_of
from napari_ovseg.look_choice import LookChoice, choose_looks
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.sight import Sight, least_presence, look_as
from napari_ovseg.single_image import deep_components, walk
from napari_ovseg.views.source import PictureInMemory, PictureSource, box_of, touched
from napari_ovseg.views.span import Span
from napari_ovseg.wording import NONE

# long side of the picture as a whole
OVERVIEW = 1024
# a mosaic of so many cells a side, each of so many pixels at full detail
ACROSS, CELL = 3, 512
# a standard deviation that is rounding
FLAT = 1e-6


@dataclass(frozen=True)
class Whole:
    """What a model says of a picture that it sees as a whole, and how much that counts beside its tiles.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``.
    share : torch.Tensor
        ``(N, 1, 1)`` in [0, 1]: for each name its presence in the whole, over that and its best in the tiles.
        So things that are too small in the whole are looked for in the tiles, and those that are larger than
        a tile in the whole.
    """

    maps: Tensor
    share: Tensor

    def blended(self, tile: Tile, maps: Tensor) -> Tensor:
        """Average the maps of a tile alone and those of the whole picture there."""
        there = F.interpolate(tile.window.of(self.maps)[None], maps.shape[1:], mode="area")[0]
        return self.share * there + (1 - self.share) * maps


@dataclass(frozen=True)
class Survey:
    """What holds in each tile of a picture.

    Attributes
    ----------
    settings : Settings
        As they were asked for, with the pack that was found to fit.
    choice : LookChoice
    measured : Measured or None
        What the looks measured; None where the picture is shown as it is.
    context : Context
    whole : Whole or None
        What is said of the picture as a whole, where it is shown as it is.
    halo : int
        Pixels around the core of a tile that have a say in it.
    said : dict
        For the record.
    notes : tuple of str
    """

    settings: Settings
    choice: LookChoice
    measured: Measured | None
    context: Context
    whole: Whole | None
    halo: int
    said: dict[str, Any]
    notes: tuple[str, ...]

    def maps_in(self, tile: Tile, sight: Sight) -> Tensor:
        """Return what is said of a tile ``(N, h, w)``: where it is shown as it is, of all the picture too."""
        return sight.maps if self.whole is None else self.whole.blended(tile, sight.maps)


def survey(
    source: PictureSource,
    overview: NDArray[np.float32],
    settings: Settings,
    *,
    model: MapModel,
    run: Run,
) -> Survey:
    """Decide all that is decided for a picture as a whole.

    Looks are chosen and measured on a mosaic of cells at full detail. In a look the maps of the mosaic say
    what is there, and how maps are read. A picture that is shown as it is is seen as a whole and in a few
    tiles instead: a name is there where either says so.

    Parameters
    ----------
    source : PictureSource
    overview : np.ndarray
        ``(h, w, 3)``: the picture with a long side of `OVERVIEW`.
    settings : Settings
        With sizes in pixels.
    model : MapModel
    run : Run

    Raises
    ------
    InputError
        When the model can't encode a name, or a look was chosen by hand for a method with which looks aren't
        measured in parts.
    Cancelled
        Before the next batch of views, once the caller wants to stop.
    """
    method = model.card.find_method(settings.method)
    mosaic = PictureInMemory(mosaic_of(source, overview))
    choice = choose_looks(mosaic, settings, model=model, method=method, run=run)
    if choice.as_it_is:
        return _as_it_is(source, overview, choice, settings, model, run)
    if method.own_zero:
        raise InputError(
            f"In a picture of this size the method {method.name} has no looks: choose the look 'as it is', "
            "or another method."
        )
    sight = look_as(mosaic, choice, settings, model=model, run=run)
    assert sight.measured is not None, "a look is measured"
    context = distil_maps(
        sight.guide,
        sight.maps,
        sight.features,
        sight.known,
        run=run,
        on_pseudo_labels=None,
        side=sight.side,
    ).context
    halo = max(HALO, *(rendering.margin for rendering in sight.measured.renderings))
    return Survey(settings, choice, sight.measured, context, None, halo, sight.said, sight.notes)


def _as_it_is(
    source: PictureSource,
    overview: NDArray[np.float32],
    choice: LookChoice,
    settings: Settings,
    model: MapModel,
    run: Run,
) -> Survey:
    """Decide from the picture as a whole, and from a few tiles."""
    whole = look_as(PictureInMemory(overview), choice, replace(settings, size=""), model=model, run=run)
    pack = NONE if whole.known.pack is None else whole.known.pack.name
    settings = replace(settings, pack=pack)
    tiles = tiles_of(source.size, core=CORE, halo=HALO)
    liveliness = [_liveliness(overview, tile.core, source.size) for tile in tiles]
    seen = []
    for number in _sampled(liveliness, ACROSS**2):
        tile = tiles[number]
        sight = look_as(PictureInMemory(read_tile(source, tile)), choice, settings, model=model, run=run)
        deep = None if sight.features is None else deep_components(sight.features)
        seen.append((tile, sight.maps, deep, sight.known.presence))
    best = torch.stack([presence for *_, presence in seen]).amax(0)
    overall = Whole(whole.maps, _share(whole.known.presence, best, len(whole.maps)))
    presence = torch.maximum(whole.known.presence, best)
    there = what_is_there(presence, least_presence(settings, model), settings.background)
    known = replace(whole.known, presence=presence, there=there)
    decided = distil_maps(
        whole.guide, whole.maps, whole.features, known, run=run, on_pseudo_labels=None
    ).context
    maps = [overall.blended(tile, one) for tile, one, *_ in seen]
    span = _span_of(maps)
    stretched = [span.stretch(one) for one in maps]
    walked = [
        one if deep is None else walk(one, deep) for one, (_, _, deep, _) in zip(stretched, seen, strict=True)
    ]
    context = replace(decided, maps=span, walked=_span_of(walked))
    said = whole.said | {key: sight.said[key] for key in ("size", "enlarged") if key in sight.said}
    return Survey(settings, choice, None, context, overall, HALO, said, sight.notes)


def _share(whole: Tensor, tiles: Tensor, maps: int) -> Tensor:
    """How much the whole counts beside its tiles for each map, from presences ``(C,)``: `Whole.share`."""
    share = whole / (whole + tiles).clamp_min(1e-6)
    # background words have no presence
    others = share.mean().expand(maps - len(share))
    return torch.cat([share, others])[:, None, None]


def read_tile(source: PictureSource, tile: Tile) -> NDArray[np.float32]:
    """Read a tile and what is around it ``(h, w, 3)``, at full detail."""
    return source.read(box_of(*tile.around, source.size), side=max(source.size))


def mosaic_of(source: PictureSource, overview: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay cells from all over a picture side by side, at full detail, as many down as across.

    Parameters
    ----------
    source : PictureSource
    overview : np.ndarray
        ``(h, w, 3)``: the picture as a whole, which tells where it changes most.

    Returns
    -------
    np.ndarray
        ``(s, s, 3)``: in the order of their places in the picture.
    """
    height, width = source.size
    side = min(CELL, height, width)
    cells = [
        (slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side))
        for row in range(height // side)
        for column in range(width // side)
    ]
    # cells of one value, as around slides, tell nothing
    cells = [cell for cell in cells if _liveliness(overview, cell, source.size) > FLAT] or cells
    liveliness = [_liveliness(overview, cell, source.size) for cell in cells]
    across = min(ACROSS, math.isqrt(len(cells)))
    chosen = [cells[number] for number in _sampled(liveliness, across**2)]
    parts = [source.read(box_of(*cell, source.size), side=max(source.size)) for cell in chosen]
    rows = [np.hstack(parts[start : start + across]) for start in range(0, len(parts), across)]
    return np.vstack(rows)


def _liveliness(overview: NDArray[np.float32], part: Part, size: tuple[int, int]) -> float:
    """How much a part of the picture changes, as far as the overview shows it."""
    return float(overview[touched(box_of(*part, size), *overview.shape[:2])].std())


def _sampled(liveliness: Sequence[float], count: int) -> list[int]:
    """Choose about half of the liveliest, and of the others evenly by how lively they are; in their order."""
    ranked = sorted(range(len(liveliness)), key=lambda number: -liveliness[number])
    if len(ranked) <= count:
        return sorted(ranked)
    most = count // 2
    others = ranked[most:]
    even = np.linspace(0, len(others) - 1, count - most).round().astype(int)
    return sorted([*ranked[:most], *(others[place] for place in even)])


def _span_of(maps: Sequence[Tensor]) -> Span:
    """The span of the maps of several tiles."""
    spans = [Span.of(one) for one in maps]
    return Span(
        torch.stack([one.low for one in spans]).amin(0), torch.stack([one.high for one in spans]).amax(0)
    )
