"""What borders of tiles cost: ``python benchmarks/seams.py --cache FOLDER [--kind KIND] [--most 2]``.

Pictures of several kinds, made large, segmented in tiles as large ones are, and the same without blending,
and without blending and context. Prints a Markdown table: how good the masks are, the error along all seams
and elsewhere, how often they say what `segment` says in one piece, and how often what is made of the same
maps in one piece. What was measured is kept in the folder. On one core 2048 pixels take minutes.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import numpy as np
import torch
import typer
import zarr
from numpy.typing import NDArray
from PIL import Image

from large import RIM, near_seams
from looks import Case, mirrored, model, print_table, score, small
from looks import scenes as drawn_scenes
from napari_ovseg import segment, segment_large
from napari_ovseg.categories import parse_categories
from napari_ovseg.demo.scenes import scene
from napari_ovseg.large import blending, survey
from napari_ovseg.large.decided import Decided, Rough, even_side
from napari_ovseg.large.survey import Survey
from napari_ovseg.large.tile_masks import rough_of
from napari_ovseg.large.tiles import CORE, Tile, tiles_of
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.single_image import appearance, sharpen_finely
from napari_ovseg.views.lazy_picture import LazyPicture
from napari_ovseg.views.shown import Shown

TILES, UNBLENDED, ALONE, PIECE, SAME_MAPS = "tiles", "no blending", "no context", "one piece", "same maps"


def enlarged(side: int, numbers: Iterable[int]) -> Iterator[Case]:
    """Scenes of one thing that fills much of them, enlarged."""
    for number in numbers:
        drawn = scene(np.random.default_rng((2026, 1, number)), 256, count=1, microscopy=False, half="test")
        picture = np.asarray(Image.fromarray(drawn.picture).resize((side, side), Image.Resampling.BICUBIC))
        labels = np.asarray(Image.fromarray(drawn.labels).resize((side, side), Image.Resampling.NEAREST))
        yield Case(f"thing {number}", picture, drawn.names, labels)


def uneven(kind: str) -> list[Case]:
    """Pictures whose own size is no part of a tile's, so that mirrored seams and those of tiles differ."""
    return [case for case in small(kind) if case.picture.shape[1] % CORE and case.picture.shape[0] % 256]


KINDS: dict[str, Callable[[int], Iterator[Case]]] = {
    "fluorescence": lambda side: mirrored(uneven("fluorescence"), side),
    "stained": lambda side: mirrored(list(small("stained")), side),
    "colour scenes": lambda side: mirrored(_cut(drawn_scenes(microscopy=False)), side),
    "one thing": lambda side: enlarged(side, range(20)),
}


def _cut(cases: Iterable[Case]) -> Iterator[Case]:
    """Scenes a little smaller than they are drawn, so that where they are mirrored is not where tiles end."""
    for case in cases:
        assert case.truth is not None
        yield Case(case.key, case.picture[:230, :230], case.names, case.truth[:230, :230])


def in_tiles(case: Case, settings: Settings) -> NDArray[np.integer]:
    """Masks as a run of a large picture writes them."""
    with tempfile.TemporaryDirectory() as folder:
        found = segment_large(LazyPicture([case.picture]), settings, Path(folder) / "m.zarr", model=model())
        return np.asarray(zarr.open_array(str(found.path / "labels/masks/0"), mode="r")[...])


def from_same_maps(case: Case, settings: Settings) -> NDArray[np.integer]:
    """Masks in one piece, from the maps of which tiles make theirs."""
    source, run = LazyPicture([case.picture]), Run(None, None)
    found = survey.survey(source, source.read(side=survey.OVERVIEW), settings, model=model(), run=run)
    if found.decided is None:
        return np.zeros(source.size, np.uint8)
    every = tiles_of(source.size, core=CORE, halo=found.halo)
    seen = [
        (tile, found.seen.get(tile.place) or rough_of(source, tile, found, model=model(), run=run))
        for tile in every
    ]
    whole = (slice(0, source.size[0]), slice(0, source.size[1]))
    piece, first = Tile(0, 0, whole, whole, source.size), every[0]
    rough = [(tile, one.scores) for tile, one in seen]
    deep = [(tile, one.deep) for tile, one in seen if one.deep is not None]
    scores = blending._blended(piece, _grid(piece, first, rough[0][1]), rough)
    features = blending._blended(piece, _grid(piece, first, deep[0][1]), deep) if deep else None
    side = even_side(LazyPicture([case.picture[every[0].around]]), rough[0][1])
    return _masks_of(source, found, found.decided, Rough(scores, features), side, first)


def _grid(piece: Tile, tile: Tile, maps: torch.Tensor) -> torch.Tensor:
    """Room for maps of the whole picture, as fine as those of a tile."""
    cells = [
        round(whole * count / (part.stop - part.start))
        for whole, count, part in zip(piece.size, maps.shape[1:], tile.around, strict=True)
    ]
    return torch.zeros(len(maps), *cells)


def _masks_of(
    source: LazyPicture, found: Survey, decided: Decided, rough: Rough, side: int, tile: Tile
) -> NDArray[np.integer]:
    """`Decided.scores` in the whole picture, as finely as in a tile."""
    guide = source if found.guide is None else Shown(source, found.guide)
    longest = max(part.stop - part.start for part in tile.around)
    picture = guide.read(side=round(side * max(source.size) / longest))
    answer = decided.learnt.answer(appearance(picture, decided.standard), rough.scores, rough.deep)
    planes = torch.from_numpy(picture).permute(2, 0, 1)
    return paint(sharpen_finely(answer, planes, near=decided.near_finely), source.size)[0]


def _own(tile: Tile, own: torch.Tensor, seen: object) -> torch.Tensor:
    """What is said of a tile alone."""
    return own.float()


def masks_of(case: Case, way: str) -> NDArray[np.integer]:
    """Segment a picture in one of the ways."""
    settings = Settings(names=parse_categories(case.names))
    if way == PIECE:
        return segment(case.picture, settings, model=model()).masks
    if way == SAME_MAPS:
        return from_same_maps(case, settings)
    with ExitStack() as changed:
        if way in (UNBLENDED, ALONE):
            changed.enter_context(patch.object(blending, "_blended", _own))
        if way == ALONE:
            changed.enter_context(patch.object(survey, "HALO", 0))
        return in_tiles(case, settings)


def measured(case: Case, way: str, folder: Path) -> tuple[NDArray[np.integer], float]:
    """Masks, and processor seconds, from the folder or measured now."""
    folder.mkdir(parents=True, exist_ok=True)
    masks, costs = folder / f"{way}.npy", folder / f"{way}.json"
    if not costs.exists():
        start = time.process_time()
        np.save(masks, masks_of(case, way))
        costs.write_text(json.dumps(time.process_time() - start))
    return np.load(masks), json.loads(costs.read_text())


def row(kind: str, cases: list[Case], way: str, cache: Path) -> dict[str, str]:
    """One line of the table: means over the pictures."""
    found: dict[str, list[float]] = {}
    for case in cases:
        assert case.truth is not None
        folder = cache / f"{case.key}_{case.truth.shape[0]}"
        masks, seconds = measured(case, way, folder)
        wrong, near = masks != case.truth, near_seams(len(masks))
        told = {
            "IoU": score(masks, case),
            "wrong along seams": wrong[near].mean(),
            "wrong elsewhere": wrong[~near].mean(),
            "seconds a megapixel": seconds / masks.size * 1e6,
        }
        inner = (slice(RIM, -RIM),) * 2
        for other in (PIECE, SAME_MAPS):
            told[f"agrees with {other}"] = (masks == measured(case, other, folder)[0])[inner].mean()
        for name, value in told.items():
            found.setdefault(name, []).append(float(value))
    means = {name: f"{np.mean(values):.4f}" for name, values in found.items()}
    return {"kind": kind, "pictures": str(len(cases)), "way": way} | means


def main(
    cache: Annotated[Path, typer.Option(help="Folder for what is measured.")],
    kind: Annotated[list[str] | None, typer.Option(help="Kinds; all by default.")] = None,
    side: Annotated[int, typer.Option(help="Side of the pictures.")] = 2048,
    most: Annotated[int, typer.Option(help="How many pictures of a kind.")] = 2,
    first: Annotated[int, typer.Option(help="How many to pass over: settings were chosen on those.")] = 0,
    way: Annotated[list[str] | None, typer.Option(help="Ways; all by default.")] = None,
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    rows = []
    for name in kind or KINDS:
        cases = list(islice(KINDS[name](side), first, first + most))
        rows += [row(name, cases, one, cache) for one in way or (TILES, UNBLENDED, ALONE, PIECE)]
        print_table(rows[-1:])
    print_table(rows)


if __name__ == "__main__":
    typer.run(main)
