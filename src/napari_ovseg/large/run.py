"""Segment a picture of any size: decide for the whole, then tile by tile, each on the disk when done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Dataset, Item, Options
from napari_ovseg.file_names import as_text
from napari_ovseg.labelled import LabelledPicture, named_labels
from napari_ovseg.large.blending import Blending
from napari_ovseg.large.on_disk import MasksOnDisk
from napari_ovseg.large.survey import OVERVIEW, Survey, survey
from napari_ovseg.large.tile_masks import rough_of, tile_masks
from napari_ovseg.large.tiles import CORE, Part, Tile, seen_first, tiles_of
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.many.resume import made_with
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.pipeline import VERSIONS
from napari_ovseg.segmentation import Progress, Run, ShouldStop
from napari_ovseg.settings import Choices, Settings
from napari_ovseg.views.opened import ENDINGS, IN_PARTS_ONLY, Opened, open_lazily
from napari_ovseg.views.source import Box, PictureSource
from napari_ovseg.views.tiled import SURVEY, TILED_FROM, TILES
from napari_ovseg.wording import NONE

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model

OnTile = Callable[[Part, NDArray[np.unsignedinteger[Any]]], None]


@dataclass(frozen=True)
class LargeSegmentation:
    """What a run of a large picture has written.

    Attributes
    ----------
    path : Path
        The OME-Zarr, with the masks in ``labels/masks``.
    record : dict
        As in `Segmentation.record`, and ``tiles``, how many there were.
    share : dict of str to float
        Which part of the picture each name has.
    kept : bool
        Whether it was all there already.
    """

    path: Path
    record: dict[str, Any]
    share: dict[str, float]
    kept: bool = False


def segment_large(
    image: str | Path | Opened | PictureSource,
    names: Settings | str | Category | Iterable[str | Category],
    output: str | Path,
    *,
    model: Model,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_tile: OnTile | None = None,
    first: Box | None = None,
    **choices: Unpack[Choices],
) -> LargeSegmentation:
    """Find the named things in a picture that need not fit into memory.

    Looks, thresholds, what is there and how strong background is are decided once, for the whole picture.
    Then it is segmented in tiles that overlap. Each is on the disk when it is done, so a run that was killed
    goes on from there, and ends with the same masks as one that was not.

    Parameters
    ----------
    image : str, Path, Opened or PictureSource
        A file as `views.opened.open_lazily` reads it, or a picture that is read in parts, such as
        `views.lazy_picture.LazyPicture` of dask or zarr arrays; `views.opened.Opened` says too how large its
        pixels are.
    names : str, Category, iterable of them, or Settings
        As for `segment`.
    output : str or Path
        The OME-Zarr to write, ending in ``.zarr``.
    model : Model
        From `load_model`; one that gives maps.
    resume : bool
        Go on with a run that was stopped, of the same picture, settings, model and version.
    overwrite : bool
        Replace what is there.
    progress : callable, optional
        ``progress(stage, done, total)``; of the tiles one step each.
    should_stop : callable, optional
        Asked before every view and training step. What is done is kept.
    on_tile : callable, optional
        ``on_tile((rows, columns), masks)``, called for each tile that is on the disk, with the pixels that
        its masks are of: first for those of an earlier run that is gone on with.
    first : tuple of float, optional
        Which part of the picture comes first, such as what a person sees: ``(top, left, bottom, right)`` in
        [0, 1]. The masks don't depend on it.
    **choices
        As for `segment`.

    Returns
    -------
    LargeSegmentation

    Raises
    ------
    InputError
        As for `segment`, and when the picture can't be read in parts, the model gives no maps, or zarr is not
        installed.
    LossError
        When the output is there already, or was begun in another way.
    OutputError
        When it can't be written.
    Cancelled
        Once ``should_stop()`` turns true.
    """
    if not isinstance(model, MapModel):
        raise InputError(
            f'The model "{model.card.name}" gives masks at once, and so far pictures of this size need one '
            "that gives maps: choose another model."
        )
    asked = names if isinstance(names, Settings) else Settings(names=parse_categories(names))
    settings = replace(asked, **choices)
    path = Path(image) if isinstance(image, str | Path) else None
    if isinstance(image, PictureSource):
        image = Opened(image)
    with nullcontext(image) if isinstance(image, Opened) else open_lazily(image) as opened:
        run = _LargeRun(opened, settings, Path(output), model, progress, should_stop)
        run.on_tile, run.first = on_tile or run.on_tile, first
        run.path = path
        return run.all(resume=resume, overwrite=overwrite)


def is_large(path: Path) -> bool:
    """Whether a file is segmented in tiles: if it is only read in parts, or is as large as `TILED_FROM`."""
    if path.name.lower().endswith(IN_PARTS_ONLY):
        return True
    if not path.name.lower().endswith(ENDINGS):
        return False
    try:
        with open_lazily(path) as opened:
            height, width = opened.source.size
    except InputError:
        # read at once, it may do, or there is more to say of what is wrong
        return False
    return height * width > TILED_FROM


class _LargeRun:
    """A run of one large picture on its way."""

    def __init__(
        self,
        opened: Opened,
        settings: Settings,
        target: Path,
        model: MapModel,
        progress: Progress | None,
        should_stop: ShouldStop | None,
    ) -> None:
        if target.suffix != ".zarr":
            raise InputError(f"{target} is to be an OME-Zarr: let its name end in .ome.zarr.")
        self.opened, self.source, self.model, self.target = opened, opened.source, model, target
        self.settings = settings.in_pixels(opened.pixel_size, opened.unit)
        self.path: Path | None = None
        self.on_tile: OnTile = lambda core, masks: None
        self.first: Box | None = None
        # of what is done within a tile nothing is told: there are thousands of steps
        self.run = Run(None, should_stop)
        self.progress = progress or (lambda stage, done, total: None)

    def all(self, *, resume: bool, overwrite: bool) -> LargeSegmentation:
        self.progress(SURVEY, 0, 1)
        overview = self.source.read(side=OVERVIEW)
        masks = MasksOnDisk(self.target, self._how(overview))
        if resume and masks.is_finished():
            masks.clear_up()
            return LargeSegmentation(self.target, *masks.told(), kept=True)
        count = len(self.settings.sought)
        with masks.begun(self.source.size, count, CORE, resume=resume, overwrite=overwrite):
            found = survey(self.source, overview, self.settings, model=self.model, run=self.run)
            self.progress(SURVEY, 1, 1)
            tiles = tiles_of(self.source.size, core=CORE, halo=found.halo)
            pixels = self._tiles(tiles, masks, found)
            record = self._record(found, len(tiles))
            share = self._shares(pixels)
            item, dataset = self._described(masks, record | {"share": share})
            masks.finish(item, dataset, CORE)
        return LargeSegmentation(self.target, record, share)

    def _tiles(self, tiles: list[Tile], masks: MasksOnDisk, found: Survey) -> Counter[int]:
        """Segment the tiles that are not done; returns how many pixels each id has."""
        pixels: Counter[int] = Counter()
        done = {tile.key: masks.found_in(tile) for tile in tiles}
        look = partial(rough_of, self.source, survey=found, model=self.model, run=self.run)
        scenes = Blending(tiles, look, found.seen)
        left = []
        for tile in tiles:
            counts = done[tile.key]
            if counts is None:
                left.append(tile)
                continue
            self.run.check()
            pixels.update(counts)
            scenes.done_with(tile)
            self.on_tile(tile.core, masks.labels[tile.core])
        self.progress(TILES, len(tiles) - len(left), len(tiles))
        for number, tile in enumerate(self._in_order(left), 1 + len(tiles) - len(left)):
            self.run.check()
            own = tile_masks(self.source, tile, found, scenes, run=self.run)
            scenes.done_with(tile)
            pixels.update(masks.write(tile, own))
            self.on_tile(tile.core, own)
            self.progress(TILES, number, len(tiles))
        return pixels

    def _in_order(self, tiles: list[Tile]) -> list[Tile]:
        return tiles if self.first is None else seen_first(tiles, self.first)

    def _how(self, overview: NDArray[np.float32]) -> str:
        """Digest of all that the masks depend on: a changed pixel changes the overview."""
        contents = digest_of(self.source.size, overview.shape, overview.tobytes().hex())
        return digest_of(made_with(self.settings, self.model), contents, CORE)

    def _record(self, found: Survey, tiles: int) -> dict[str, Any]:
        """How the masks were made: without times, so that a run that was stopped writes the same."""
        known, settings = found.known, self.settings
        judged = zip(settings.sought, known.there.tolist(), strict=True)
        return {
            "method": self.model.card.find_method(settings.method).name,
            "known": settings.known,
            "preset": settings.preset,
            **found.said,
            "seed": settings.seed,
            "absent": [name.name for name, is_there in judged if not is_there],
            "presence": dict(
                zip((one.name for one in settings.sought), known.presence.tolist(), strict=True)
            ),
            "model": self.model.card.name,
            "checkpoint": self.model.card.checkpoint,
            **self.model.card.meant_by(settings.names),
            "pack": NONE if known.pack is None else known.pack.name,
            "warnings": list(found.notes),
            "tiles": tiles,
            "versions": VERSIONS,
        }

    def _shares(self, pixels: Counter[int]) -> dict[str, float]:
        every = pixels.total()
        return {
            name.name: round(pixels[number] / every, 6) for number, name in enumerate(self.settings.sought, 1)
        }

    def _described(self, masks: MasksOnDisk, record: dict[str, Any]) -> tuple[Item, Dataset]:
        categories = named_labels(self.settings.sought)
        stem = self.target.name.removesuffix(".zarr").removesuffix(".ome")
        picture = LabelledPicture(
            as_text(stem),
            masks.labels,
            categories,
            picture_path=None if self.path is None else self.path.absolute(),
            pixel_size=self.opened.pixel_size,
            unit=self.opened.unit,
            record=record,
        )
        item = Item(picture, stem)
        return item, Dataset(self.target.parent.absolute(), categories, (item,), Options())
