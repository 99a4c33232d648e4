"""Labelled pictures into a folder, in the format of another tool."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from napari_ovseg.atomic import (
    prepare_folder,
    recover_folder,
    refuse_losses,
    write_atomically,
    write_folder_atomically,
)
from napari_ovseg.errors import InputError, OutputError
from napari_ovseg.export.categories_json import categories_text, is_written_for, names_beside
from napari_ovseg.export.formats import FORMATS, Format, find_format
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.export.naming import told_apart
from napari_ovseg.export.passed_on import passed_on
from napari_ovseg.export.plan import Dataset, Item, Notes, Options, Planned
from napari_ovseg.export.summary import Summary
from napari_ovseg.export.table import one_table
from napari_ovseg.file_names import seen_from
from napari_ovseg.labelled import LabelledPicture, counted
from napari_ovseg.pictures import is_turned
from napari_ovseg.segmentation import Progress


def export(
    pictures: Sequence[LabelledPicture],
    folder: str | Path,
    format: str,
    *,
    smallest_area: int = 1,
    connectivity: Literal[4, 8] = 8,
    split_touching: bool = False,
    polygons: bool = False,
    things: bool = False,
    validation_share: float = 0.0,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Write labelled pictures in one format, with the map from ids to names beside them.

    Nothing is written when something would be lost; each file is written whole or not at all.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        Those that share a name get stems that tell them apart, said in the summary. Categories are the same
        when their names are.
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
    things : bool
        OME-TIFF and OME-Zarr: one id per thing, too, as a second image or as a second group of labels; the
        options for formats of things then apply.
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
        When there is no picture, one is there twice, or an option doesn't suit the format.
    OutputError
        When a file is there already or can't be written.
    """
    folder = Path(folder)
    options = Options(smallest_area, connectivity, split_touching, polygons, things)
    chosen = find_format(format, options)
    _refuse_large(pictures, chosen, options)
    notes = Notes()
    for picture in pictures:
        for note in picture.record.get("notes", ()):
            notes.say(f"Note on {picture.name}: {note}")
    named, stems = told_apart(pictures, notes)
    categories, brought = one_table(named, notes)
    items = _items(brought, stems, validation_share, seed)
    dataset = Dataset(folder, categories, items, options, notes)
    places = [(folder / one.path, one) for one in chosen.plan(dataset)]
    names = folder / chosen.names_file
    _note_strays(names, [place for place, _ in places], notes)
    if not chosen.holds_pictures:
        _note_turned(items, notes)
    settings = {"format": format, "validation_share": validation_share, "seed": seed, **vars(options)}
    return _write(dataset, places, names, settings, overwrite, progress)


def _refuse_large(pictures: Sequence[LabelledPicture], chosen: Format, options: Options) -> None:
    """Raise where labels that don't fit into memory are asked for in a format that needs them whole."""
    if chosen.in_parts and not options.things:
        return
    named = [one.name for one in pictures if isinstance(one.labels, LazyLabels)]
    if named:
        able = ", ".join(name for name, one in FORMATS.items() if one.in_parts)
        what = "Single things beside categories" if chosen.in_parts else chosen.title
        raise InputError(
            f"'{named[0]}' is too large to be read at once, and {what} can't be written in parts: choose one "
            f"of {able}{' without them' if chosen.in_parts else ''}."
        )


def export_file(
    pictures: Sequence[LabelledPicture],
    path: str | Path,
    format: str,
    *,
    overwrite: bool = False,
) -> Summary:
    """Write into one file of a chosen name, with the map from ids to names beside it.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        One; COCO takes several.
    path : str or Path
        The file, with the ending of the format.
    format : str
        A key of `FORMATS`, but "yolo", which is a folder.
    overwrite : bool
        Whether the file may be replaced, and with it the map of names that was written for it. A map that was
        written for another file never is, nor a folder that no map says was written here.

    Returns
    -------
    Summary

    Raises
    ------
    InputError, OutputError
        As `export`, and when one file can't hold it.
    """
    path = Path(path)
    chosen = find_format(format, Options())
    notes = Notes()
    # the file has the name that was chosen, whatever the pictures are called
    named, stems = told_apart(pictures, Notes())
    categories, brought = one_table(named, notes)
    dataset = Dataset(path.parent, categories, _items(brought, stems, 0.0, 0), Options(), notes)
    planned = list(chosen.plan(dataset))
    if len(planned) != 1:
        raise InputError(
            f"{chosen.title} of {len(pictures)} pictures is several files: export them into a folder."
        )
    one = replace(planned[0], path=path.name)
    beside = names_beside(path, chosen.names_file)
    _refuse_others(path, beside, one, overwrite=overwrite)
    return _write(dataset, [(path, one)], beside, {"format": format, "file": path.name}, True, None)


def _refuse_others(path: Path, names: Path, one: Planned, *, overwrite: bool) -> None:
    """Raise before a file is replaced that nobody was asked about."""
    recover_folder(path)
    ours = is_written_for(names, path)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} is there already: choose another name.")
    if one.is_folder and path.exists() and not ours:
        raise OutputError(f"{path} is there already and no export of this name: choose another name.")
    if names.exists() and not (ours and overwrite):
        whose = "" if ours else f" and does not belong to {path.name}"
        raise OutputError(f"{names} is there already{whose}: choose another name, or move it away.")


def _write(
    dataset: Dataset,
    places: Sequence[tuple[Path, Planned]],
    names: Path,
    settings: Mapping[str, Any],
    overwrite: bool,
    progress: Progress | None,
) -> Summary:
    """Write every planned file, then the map from ids to names."""
    targets = [place for place, _ in places] + [names]
    originals = [item.picture.picture_path for item in dataset.items if item.picture.picture_path is not None]
    for place, one in places:
        if one.is_folder:
            recover_folder(place)
    refuse_losses(targets, originals, overwrite=overwrite)
    prepare_folder(dataset.folder)
    for number, (place, one) in enumerate(places):
        if progress is not None:
            progress("Writing", number, len(places))
        prepare_folder(place.parent)
        (write_folder_atomically if one.is_folder else write_atomically)(place, one.write)
    if progress is not None:
        progress("Writing", len(places), len(places))
    planned = [one for _, one in places]
    text = categories_text(dataset.categories, settings=settings, images=_entries(dataset, planned))
    write_atomically(names, lambda file: file.write(text))
    in_splits = {
        split: tuple(item.picture.name for item in dataset.of_split(split)) for split in dataset.splits
    }
    what = counted(item.picture for item in dataset.items)
    return Summary(dataset.folder, tuple(targets), in_splits, dataset.notes.sentences(), what)


def _items(
    pictures: Sequence[LabelledPicture], stems: Sequence[str], share: float, seed: int
) -> tuple[Item, ...]:
    if not 0 <= share < 1:
        raise InputError(f"The validation share is {share}: give 0 or more, and less than 1, such as 0.2.")
    if not pictures:
        raise InputError("There is no picture to export: give at least one.")
    if share and len(pictures) < 2:
        raise InputError("One picture can't be split into train and val: leave out the validation share.")
    validation = min(max(round(share * len(pictures)), 1), len(pictures) - 1) if share else 0

    def draw(picture: LabelledPicture) -> bytes:
        return hashlib.sha256(f"{seed} {picture.name}".encode()).digest()

    # Ranked by a hash of the name, so that one more picture moves few others.
    apart = {picture.name for picture in sorted(pictures, key=draw)[:validation]}
    return tuple(
        Item(picture, stem, ("val" if picture.name in apart else "train") if share else "")
        for picture, stem in zip(pictures, stems, strict=True)
    )


def _entries(dataset: Dataset, planned: Sequence[Planned]) -> Iterator[dict[str, Any]]:
    for item in dataset.items:
        picture = item.picture
        own = [one for one in planned if one.of == picture.name]
        entry: dict[str, Any] = {
            "image": None
            if picture.picture_path is None
            else seen_from(dataset.folder, picture.picture_path),
            "name": picture.name,
            "split": item.split,
            "files": [one.path for one in own],
            **{one.key: one.path for one in own if one.key},
        }
        entry |= {
            "size": list(picture.labels.shape),
            "pixel_size": picture.pixel_size,
            "unit": picture.unit,
            "done": picture.done,
            "record": passed_on(picture.record, dataset.folder),
        }
        yield entry


def _note_turned(items: Sequence[Item], notes: Notes) -> None:
    """Say which pictures lie otherwise in their files than their labels do."""
    for item in items:
        path = item.picture.picture_path
        # labels outlive their picture, or belong to one of another kind
        with suppress(InputError):
            if path is not None and is_turned(path):
                notes.count(
                    "pictures are stored turned, with an orientation tag that shows them upright: masks lie "
                    "on the picture as it is shown; a program that ignores the tag shows it turned",
                    1,
                    item.picture.name,
                )


def _note_strays(names: Path, targets: Sequence[Path], notes: Notes) -> None:
    """Say which files of an earlier export stay: a picture that moved to "val" would still be in "train"."""
    try:
        images = json.loads(names.read_text(encoding="utf-8"))["images"]
        earlier = [names.parent / name for image in images for name in image.get("files", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    planned = set(targets)
    strays = [path for path in earlier if path not in planned and path.exists()]
    if strays:
        files, are, such = ("files", "are", ", such as") if len(strays) > 1 else ("file", "is", ":")
        notes.say(
            f"{len(strays)} {files} of an earlier export {are} not part of this one and {are} still there"
            f"{such} {strays[0]}. Delete what is left before training."
        )
