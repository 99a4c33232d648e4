"""What is decided for a large picture as a whole: once, on samples from all over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.context import Known, what_is_there
from napari_ovseg.errors import InputError
from napari_ovseg.in_looks import Measured
from napari_ovseg.large.decided import Decided, Rough, Sample, decide_on
from napari_ovseg.large.samples import ACROSS, laid_out, sampled_tiles
from napari_ovseg.large.tiles import CORE, HALO, Place, Tile, tiles_of
from napari_ovseg.look_choice import LookChoice, choose_looks
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.sight import Sight, least_presence, look_as
from napari_ovseg.views.mosaic import mosaic_of
from napari_ovseg.views.rendering import Rendering, saved_rendering
from napari_ovseg.views.source import PictureInMemory, PictureSource, box_of
from napari_ovseg.wording import NONE

# long side of the picture as a whole
OVERVIEW = 1024
# pixels along a side of a part of the mosaic
CELL = 512


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
    guide : Rendering or None
        How the picture is shown to the steps that follow its edges; None for as it is.
    known : Known
    decided : Decided or None
        How maps are read; None where no name is anywhere.
    whole : Whole or None
        What is said of the picture as a whole, where it is shown as it is.
    halo : int
        Pixels around the core of a tile that have a say in it.
    said : dict
        For the record.
    notes : tuple of str
    seen : mapping of Place to Rough
        What is said of the tiles that it was decided on.
    """

    settings: Settings
    choice: LookChoice
    measured: Measured | None
    guide: Rendering | None
    known: Known
    decided: Decided | None
    whole: Whole | None
    halo: int
    said: dict[str, Any]
    notes: tuple[str, ...]
    seen: Mapping[Place, Rough]

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
    what is there, how maps are read, and what the network of this picture learns. A picture that is shown as
    it is is seen as a whole and in a few tiles instead: a name is there where either says so, and the rest is
    decided on the tiles.

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
    mosaic = PictureInMemory(mosaic_of(source, overview, cell=CELL, across=ACROSS))
    choice = choose_looks(mosaic, settings, model=model, method=method, run=run, judged=mosaic)
    if choice.as_it_is:
        return _as_it_is(source, overview, choice, settings, model, run)
    if method.own_zero:
        raise InputError(
            f"In a picture of this size the method {method.name} has no looks: choose the look 'as it is', "
            "or another method."
        )
    sight = look_as(mosaic, choice, settings, model=model, run=run)
    assert sight.measured is not None, "a look is measured"
    sample = Sample(sight.guide, sight.maps, sight.features, sight.side)
    decided = decide_on([[sample]], sight.known, run=run) if sight.known.there.any() else None
    halo = max(HALO, *(rendering.margin for rendering in sight.measured.renderings))
    guide = saved_rendering(sight.said["guide"])
    return Survey(
        settings,
        choice,
        sight.measured,
        guide,
        sight.known,
        decided,
        None,
        halo,
        sight.said,
        sight.notes,
        {},
    )


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
    tiles = sampled_tiles(tiles_of(source.size, core=CORE, halo=HALO), overview, source.size)
    sights = [
        look_as(PictureInMemory(read_tile(source, tile)), choice, settings, model=model, run=run)
        for tile in tiles
    ]
    best = torch.stack([sight.known.presence for sight in sights]).amax(0)
    overall = Whole(whole.maps, _share(whole.known.presence, best, len(whole.maps)))
    presence = torch.maximum(whole.known.presence, best)
    there = what_is_there(presence, least_presence(settings, model), settings.background)
    known = replace(whole.known, presence=presence, there=there)
    samples = {
        tile.place: Sample(sight.guide, overall.blended(tile, sight.maps), sight.features, sight.side)
        for tile, sight in zip(tiles, sights, strict=True)
    }
    rows = [[samples[tile.place] for tile in row] for row in laid_out(tiles, overview, source.size)]
    decided = decide_on(rows, known, run=run) if there.any() else None
    seen = {}
    if decided is not None:
        seen = {place: decided.rough(sample, check=run.check) for place, sample in samples.items()}
    first = sights[0]
    said = whole.said | {key: first.said[key] for key in ("size", "enlarged") if key in first.said}
    return Survey(settings, choice, None, None, known, decided, overall, HALO, said, first.notes, seen)


def _share(whole: Tensor, tiles: Tensor, maps: int) -> Tensor:
    """How much the whole counts beside its tiles for each map, from presences ``(C,)``: `Whole.share`."""
    share = whole / (whole + tiles).clamp_min(1e-6)
    # background words have no presence
    others = share.mean().expand(maps - len(share))
    return torch.cat([share, others])[:, None, None]


def read_tile(source: PictureSource, tile: Tile) -> NDArray[np.float32]:
    """Read a tile and what is around it ``(h, w, 3)``, at full detail."""
    return source.read(box_of(*tile.around, source.size), side=max(source.size))
