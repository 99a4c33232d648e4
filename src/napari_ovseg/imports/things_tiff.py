"""Things as labels that we wrote, one value each: the table beside them says of which category each is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from napari_ovseg.categories import MAX_CATEGORIES, labels_dtype
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.files import Places, read_files, things_files
from napari_ovseg.imports.named import named_labels_of, whole
from napari_ovseg.imports.skipped import Skipped
from napari_ovseg.imports.told import Told, listed_by, told_beside
from napari_ovseg.labelled import LabelledPicture
from napari_ovseg.pictures import read_ids

ENDING = "_things.tif"
# A name that begins so has an apostrophe before it in the table, as spreadsheets would run it.
_RUN = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("id", "category_id", "category")


def peek(path: Path) -> bool:
    """Whether a TIFF has things and a table beside it, or a folder has such files."""
    if path.is_dir():
        return bool(_files(path))
    return path.name.lower().endswith(ENDING) and path.with_suffix(".csv").is_file()


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read one file, or those of a folder; things of a category that touch become one region.

    Parameters
    ----------
    path : Path
    places : Places, optional
        Where the pictures may be.
    """
    places = places or Places()
    files = _files(path) if path.is_dir() else [path]
    return read_files(files, places, lambda file: [_picture(file, places)], lambda found, _: found)


def _files(folder: Path) -> list[Path]:
    return listed_by(folder, (ENDING,)) or [file for file in things_files(folder, (ENDING,)) if peek(file)]


def _picture(path: Path, places: Places) -> LabelledPicture:
    told = told_beside(path) or Told()
    skipped = Skipped(path.with_suffix(".csv"), "row")
    categories, names = _table(path.with_suffix(".csv"), skipped)
    rows = [(id, name, None, ()) for id, name in names.items()]
    labels = told.labels or named_labels_of(rows, path, skipped)
    things = read_ids(path)
    known = {label.id for label in labels}
    listed = np.array([0, *sorted(thing for thing in categories if categories[thing] in known)])
    place = np.clip(np.searchsorted(listed, things), 0, len(listed) - 1)
    unlisted = listed[place] != things
    place[unlisted] = 0
    ids = np.array([0, *(categories[thing] for thing in listed[1:].tolist())])
    notes = [*told.notes, *skipped.sentences()]
    if unlisted.any():
        notes.append(
            f"{np.count_nonzero(unlisted)} pixels of {path.name} are of things that its table does not list."
        )
    record = {**told.record, "read_from": as_text(path), **({"notes": notes} if notes else {})}
    return LabelledPicture(
        name=told.name or path.name[: -len(ENDING)],
        labels=ids.astype(labels_dtype(max(known, default=0)))[place],
        categories=labels,
        picture_path=places.find(told.by or path, told.picture, path),
        pixel_size=told.pixel_size,
        unit=told.unit,
        record=record,
        done=told.done,
    )


def _table(file: Path, skipped: Skipped) -> tuple[dict[int, int], dict[int, str]]:
    """The category of each thing, and the name of each category."""
    categories: dict[int, int] = {}
    names: dict[int, str] = {}
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(_COLUMNS) <= set(rows.fieldnames or ()):
                raise InputError(f"{file} is no table of things: it needs the columns {', '.join(_COLUMNS)}.")
            for number, row in enumerate(rows, 1):
                thing, category = whole(row["id"]), whole(row["category_id"])
                if thing is None or category is None or thing < 1 or not 1 <= category <= MAX_CATEGORIES:
                    skipped.add(f"row {number}", "it has no id and category_id that can be used")
                    continue
                categories[thing] = category
                names.setdefault(category, _unmarked(row["category"] or ""))
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}): it says what each thing is.") from error
    except csv.Error as error:
        raise InputError(f"{file} is no table of things ({error}): write it again.") from error
    return categories, names


def _unmarked(name: str) -> str:
    return name[1:] if name.startswith("'") and name[1:].startswith(_RUN) else name
