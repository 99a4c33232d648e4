"""Labelled pictures into a folder, in the format of another tool."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from napari_ovseg.errors import InputError
from napari_ovseg.export import coco, geojson, labelme, npz, ome_zarr, palette_png, tiff, yolo
from napari_ovseg.export.atomic import (
    prepare_folder,
    refuse_losses,
    write_atomically,
    write_folder_atomically,
)
from napari_ovseg.export.categories_json import CATEGORIES_FILE, categories_text
from napari_ovseg.export.plan import Dataset, Item, Notes, Options, Planned
from napari_ovseg.export.table import one_table
from napari_ovseg.labelled import LabelledPicture


@dataclass(frozen=True)
class Format:
    """A format: how people call it, how it is written, and whether it holds things or whole categories."""

    title: str
    plan: Callable[[Dataset], Iterator[Planned]]
    instances: bool


FORMATS: dict[str, Format] = {
    "png": Format("Palette PNG", palette_png.plan, instances=False),
    "tiff": Format("TIFF", tiff.plan, instances=False),
    "ome-tiff": Format("OME-TIFF", tiff.plan_ome, instances=False),
    "npz": Format("NumPy archive", npz.plan, instances=False),
    "ome-zarr": Format("OME-Zarr labels", ome_zarr.plan, instances=False),
    "coco": Format("COCO", coco.plan, instances=True),
    "yolo": Format("YOLO segmentation", yolo.plan, instances=True),
    "geojson": Format("GeoJSON for QuPath", geojson.plan, instances=True),
    "labelme": Format("LabelMe", labelme.plan, instances=True),
}


@dataclass(frozen=True)
class Summary:
    """What an export did.

    Attributes
    ----------
    folder : Path
    files : tuple of Path
        All that was written; the last is ``categories.json``.
    pictures : dict of str to tuple of str
        The names of the pictures in each split, "" where nothing is set apart.
    notes : tuple of str
        What was left out, changed or is missing, in sentences.
    """

    folder: Path
    files: tuple[Path, ...]
    pictures: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        count = sum(map(len, self.pictures.values()))
        parts = [f"{len(names)} for {split}" for split, names in self.pictures.items() if split]
        apart = f" ({', '.join(parts)})" if parts else ""
        files = f"{len(self.files)} files"
        what = f"{count} picture{'s' if count > 1 else ''}"
        return "\n".join([f"Wrote {files} for {what}{apart} into {self.folder}.", *self.notes])


def export(
    pictures: Sequence[LabelledPicture],
    folder: str | Path,
    format: str,
    *,
    smallest_area: int = 1,
    connectivity: Literal[4, 8] = 8,
    split_touching: bool = False,
    polygons: bool = False,
    validation_share: float = 0.0,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Summary:
    """Write labelled pictures in one format, with ``categories.json`` beside them.

    Nothing is written when something would be lost; each file is written whole or not at all.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        With names of their own. Categories are the same when their names are.
    folder : str or Path
        Made if it isn't there.
    format : str
        A key of `FORMATS`.
    smallest_area : int
        Formats of things: connected regions of fewer pixels are left out, and said so.
    connectivity : 4 or 8
        Formats of things: whether pixels of one category that touch only at a corner are one thing.
    split_touching : bool
        Formats of things: cut round things of one category apart where they touch, by a watershed on the
        distance to their edge.
    polygons : bool
        COCO: polygons in place of run lengths. A thing with holes becomes one annotation of several polygons.
    validation_share : float
        In [0, 1): how many of the pictures go to "val"; the rest go to "train". 0 makes no split.
    seed : int
        Another seed sets other pictures apart; the order of the pictures does not matter.
    overwrite : bool
        Whether files of an earlier export may be replaced. Pictures never are.
    progress : callable, optional
        Called with a stage, how much is done, and of how much.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        When there is no picture, two share a name, or an option doesn't suit the format.
    OutputError
        When a file is there already or can't be written.
    """
    folder = Path(folder)
    chosen = _format(format)
    options = Options(smallest_area, connectivity, split_touching, polygons)
    _check(options, format, chosen, validation_share)
    notes = Notes()
    categories, brought = one_table(pictures, notes)
    items = _items(brought, validation_share, seed)
    dataset = Dataset(folder, categories, items, options, notes)
    planned = list(chosen.plan(dataset))
    targets = [folder / one.path for one in planned] + [folder / CATEGORIES_FILE]
    originals = [item.picture.picture_path for item in items if item.picture.picture_path is not None]
    refuse_losses(targets, originals, overwrite=overwrite)
    _note_strays(folder, targets, notes)
    prepare_folder(folder)
    for number, one in enumerate(planned):
        if progress is not None:
            progress("Writing", number, len(planned))
        prepare_folder((folder / one.path).parent)
        (write_folder_atomically if one.is_folder else write_atomically)(folder / one.path, one.write)
    if progress is not None:
        progress("Writing", len(planned), len(planned))
    settings = {"format": format, "validation_share": validation_share, "seed": seed, **vars(options)}
    text = categories_text(categories, settings=settings, images=_entries(dataset, planned))
    write_atomically(folder / CATEGORIES_FILE, lambda file: file.write(text))
    in_splits = {
        split: tuple(item.picture.name for item in dataset.of_split(split)) for split in dataset.splits
    }
    return Summary(folder, tuple(targets), in_splits, notes.sentences())


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise InputError(f"There is no format '{name}': choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def _check(options: Options, name: str, chosen: Format, share: float) -> None:
    if options.smallest_area < 1:
        raise InputError(f"The smallest area is {options.smallest_area} pixels: give 1 or more.")
    if options.connectivity not in (4, 8):
        raise InputError(f"The connectivity is {options.connectivity}: give 4 or 8.")
    if not 0 <= share < 1:
        raise InputError(f"The validation share is {share}: give 0 or more, and less than 1, such as 0.2.")
    if options.polygons and name != "coco":
        raise InputError(f"Polygons are a choice of COCO only: leave it out for {chosen.title}.")
    if not chosen.instances and options != Options():
        raise InputError(
            f"{chosen.title} holds every pixel of each category: leave out what concerns single things "
            f"(smallest area, touching), or choose {', '.join(k for k, f in FORMATS.items() if f.instances)}."
        )


def _items(pictures: Sequence[LabelledPicture], share: float, seed: int) -> tuple[Item, ...]:
    if not pictures:
        raise InputError("There is no picture to export: give at least one.")
    stems: dict[str, str] = {}
    for picture in pictures:
        stem = file_stem(picture.name)
        # Compared without case, because some file systems do so too.
        if stem.casefold() in stems:
            raise InputError(
                f"'{stems[stem.casefold()]}' and '{picture.name}' would be written to the same files: "
                "rename one."
            )
        stems[stem.casefold()] = picture.name
    if share and len(pictures) < 2:
        raise InputError("One picture can't be split into train and val: leave out the validation share.")
    validation = min(max(round(share * len(pictures)), 1), len(pictures) - 1) if share else 0

    def draw(picture: LabelledPicture) -> bytes:
        return hashlib.sha256(f"{seed} {picture.name}".encode()).digest()

    # Ranked by a hash of the name, so that one more picture moves few others.
    apart = {picture.name for picture in sorted(pictures, key=draw)[:validation]}
    return tuple(
        Item(picture, file_stem(picture.name), ("val" if picture.name in apart else "train") if share else "")
        for picture in pictures
    )


def file_stem(name: str) -> str:
    """Turn a name into one that every file system takes."""
    stem = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .")[:150]
    return stem or "picture"


def _entries(dataset: Dataset, planned: Sequence[Planned]) -> Iterator[dict[str, Any]]:
    for item in dataset.items:
        picture = item.picture
        files = [one.path for one in planned if one.of == picture.name]
        entry: dict[str, Any] = {
            "image": None if picture.picture_path is None else str(picture.picture_path),
            "name": picture.name,
            "split": item.split,
            "files": files,
        }
        masks = [path for path in files if path.endswith("_masks.png")]
        if masks:
            entry["masks"] = masks[0]
        entry |= {
            "pixel_size": picture.pixel_size,
            "unit": picture.unit,
            "done": picture.done,
            "record": picture.record,
        }
        yield entry


def _note_strays(folder: Path, targets: Sequence[Path], notes: Notes) -> None:
    """Say which files of an earlier export stay: a picture that moved to "val" would still be in "train"."""
    try:
        images = json.loads((folder / CATEGORIES_FILE).read_text(encoding="utf-8"))["images"]
        earlier = [folder / name for image in images for name in image.get("files", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    strays = [path for path in earlier if path not in set(targets) and path.exists()]
    if strays:
        notes.say(
            f"{len(strays)} files of an earlier export are not part of this one and are still there, such as "
            f"{strays[0]}: delete them before training."
        )
