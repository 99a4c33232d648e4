"""Folders for YOLO segmentation: ``data.yaml`` with names, a picture and a text of outlines for each."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.categories import MAX_CATEGORIES
from napari_ovseg.errors import InputError
from napari_ovseg.imports.drawing import Drawn, Ring, cover, ring_of
from napari_ovseg.imports.files import Places, read_files
from napari_ovseg.imports.found_pictures import PICTURES
from napari_ovseg.imports.named import tidy_name, whole
from napari_ovseg.imports.picture_sizes import believed_size
from napari_ovseg.imports.skipped import Skipped, Unusable, with_notes
from napari_ovseg.imports.things import Shape, Sheet, Table, Thing, draw_all
from napari_ovseg.imports.told import Told, told_beside
from napari_ovseg.labelled import LabelledPicture, NamedLabel

_YAML = (".yaml", ".yml")
_SPLITS = ("train", "val", "valid", "test")
# A class and four numbers are a box; with one more, how sure a model is of it.
_BOX, _SURE_BOX = 5, 6
_LARGEST_YAML = 2**20
# How many sides of the picture an outline may reach to.
_FARTHEST = 10


def peek(path: Path) -> bool:
    """Whether a file is a YAML with names and places of pictures, or a folder has one."""
    try:
        file = _yaml_of(path)
        return file is not None and _is_list(_read_yaml(file))
    except InputError:
        return False


def refuse(path: Path) -> None:
    """Say why `peek` takes a YAML, or the one of a folder, for none of YOLO; return where there is none.

    Raises
    ------
    InputError
    """
    file = _yaml_of(path)
    if file is None:
        return
    content = _read_yaml(file)
    if not isinstance(content.get("names"), list | dict):
        raise InputError(f"{file} has no `names`: say there what each class is called.")
    raise InputError(f"{file} has no `train`, `val` or `test`: say there where the pictures are.")


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read the pictures of all splits.

    Parameters
    ----------
    path : Path
        The YAML, or the folder that it is in.
    places : Places, optional
        Where the pictures may be, if not where the YAML says.
    """
    places = places or Places()
    file = _yaml_of(path)
    if file is None:
        raise InputError(f"There is no data.yaml in {path}: it says what the classes are called.")
    content = _read_yaml(file)
    names = _names(content.get("names"))
    texts, notes = _texts(content, file)
    number = whole(content.get("nc"))
    if number is not None and number != len(names):
        notes.append(f"{file.name} says nc: {number}, and names {len(names)}: the names were believed.")
    if not texts:
        raise InputError(f"No text of labels is where {file} says: check its path, train and val.")
    table = Table()
    known = told_beside(file) or told_beside(next(iter(texts)))
    for label in known.labels if known else ():
        table.know(label)
    for index, name in names.items():
        if index < MAX_CATEGORIES:
            table.know(NamedLabel(index + 1, name, (0, 0, 0)), coloured=False)
    pictures = read_files(
        texts,
        places,
        lambda text: [_sheet(text, texts[text], names, places)],
        lambda sheets, refused: draw_all(sheets, table, refused),
    )
    return with_notes(pictures, notes)


def _yaml_of(path: Path) -> Path | None:
    if path.is_dir():
        named = [path / f"{name}{ending}" for name in ("data", "dataset") for ending in _YAML]
        return next((file for file in named if file.is_file()), None)
    return path if path.suffix.lower() in _YAML else None


def _read_yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        with file.open("rb") as stream:
            content = yaml.safe_load(stream.read(_LARGEST_YAML))
    except OSError as error:
        raise InputError(
            f"{file} can't be read ({error.strerror}): check the name and permissions."
        ) from error
    # A loader raises errors of many kinds on what is no YAML.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" in line {mark.line + 1}"
        raise InputError(f"{file} is no YAML{where}: it may be damaged; write it again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} has no names and no places of pictures: choose another file.")
    return content


def _is_list(content: dict[str, Any]) -> bool:
    return isinstance(content.get("names"), list | dict) and any(content.get(split) for split in _SPLITS)


def _names(said: Any) -> dict[int, str]:
    """What each class is called, from a list or a mapping."""
    rows = enumerate(said) if isinstance(said, list) else said.items() if isinstance(said, dict) else ()
    numbered = ((whole(index), tidy_name(_joined(name))) for index, name in rows)
    return {index: name or f"class {index}" for index, name in numbered if index is not None and index >= 0}


def _joined(name: Any) -> Any:
    """A name whose letters were escaped in halves, as JSON has those outside the basic plane."""
    if not isinstance(name, str):
        return name
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _texts(content: dict[str, Any], file: Path) -> tuple[dict[Path, Path | None], list[str]]:
    """The texts of labels of all splits, each with its picture where that is there; and notes on them."""
    said = content.get("path")
    roots = [file.parent / said, file.parent] if isinstance(said, str) and said else [file.parent]
    found: dict[Path, Path | None] = {}
    without: dict[Path, str] = {}
    missing: list[str] = []
    counts: dict[str, int] = {}
    for split in _SPLITS:
        before = len(found)
        places = content.get(split)
        for place in places if isinstance(places, list) else [places]:
            if not isinstance(place, str) or not place:
                continue
            there = _there(place, roots)
            if there is None:
                missing.append(f"'{place:.60}'")
                continue
            for picture in _pictures(there, roots):
                text = _text_of(picture)
                if text.is_file():
                    found.setdefault(text, picture)
                else:
                    without[picture] = f"'{picture.name}'"
            if _labels_folder(there).is_dir():
                for text in _inside(_labels_folder(there), (".txt",)):
                    if text.name != "classes.txt":
                        found.setdefault(text, None)
        if len(found) > before:
            counts[split] = len(found) - before
    return found, _notes(file, missing, list(without.values()), counts)


def _notes(file: Path, missing: list[str], without: list[str], counts: dict[str, int]) -> list[str]:
    """Say of a YAML which of its places are missing, which pictures have no text, and that it has splits."""
    notes = [f"{file.name} names places that are not there: {', '.join(missing)}."] if missing else []
    if without:
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""
        notes.append(
            f"Pictures without a text of labels were left out: {len(without)} "
            f"({', '.join(without[:3])}{more})."
        )
    if len(counts) > 1:
        splits = ", ".join(f"{number} for {split}" for split, number in counts.items())
        notes.append(
            f"{file.name} has {splits}: an export does not keep which, and sets others apart on request."
        )
    return notes


def _there(place: str, roots: list[Path]) -> Path | None:
    place = place.replace("\\", "/")
    # Roboflow writes ../train/images for what lies beside data.yaml.
    readings = [place, place.removeprefix("../")] if place.startswith("../") else [place]
    for path in (root / reading for reading in readings for root in roots):
        try:
            if path.exists() or _labels_folder(path).is_dir():
                return path
        except (OSError, ValueError):
            # A name that is too long, or holds what no name can.
            continue
    return None


def _pictures(place: Path, roots: list[Path]) -> list[Path]:
    """The pictures in a folder, or those that a text lists."""
    if place.is_dir():
        return _inside(place, tuple(PICTURES))
    if place.suffix.lower() != ".txt":
        return [place] if place.suffix.lower() in PICTURES else []
    lines = place.read_bytes().decode("utf-8", "replace").splitlines()
    found = (_there(line.strip(), [place.parent, *roots]) for line in lines if line.strip())
    return [path for path in found if path is not None]


def _inside(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    files = [file for pattern in ("*", "*/*") for file in sorted(folder.glob(pattern))]
    return [file for file in files if file.suffix.lower() in endings and file.is_file()]


def _labels_folder(pictures: Path) -> Path:
    """Ultralytics' rule: the last folder of the path that is called images becomes labels."""
    parts = list(pictures.parts)
    if "images" not in parts:
        return pictures
    parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)


def _text_of(picture: Path) -> Path:
    return _labels_folder(picture.parent) / f"{picture.stem}.txt"


def _sheet(text: Path, picture: Path | None, names: dict[int, str], places: Places) -> Sheet:
    told = told_beside(text) or Told()
    picture = picture or places.find(told.by or text, told.picture, text)
    try:
        size, note = believed_size(*told.size, picture, text.name)
    except Unusable as error:
        raise InputError(f"{text} can't be read, because {error}.") from error
    skipped = Skipped(text, "line")
    lines = text.read_bytes().decode("utf-8", "replace").splitlines()
    things = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                things.append(_thing(f"line {number}", line.split(), names))
            except Unusable as error:
                skipped.add(f"line {number}", str(error))
    return Sheet(text, told.name or text.stem, size, things, skipped, told, picture, [note] if note else [])


def _thing(which: str, words: list[str], names: dict[int, str]) -> Thing:
    index = whole(words[0])
    if index is None or index not in names:
        raise Unusable(f"its class {words[0]:.20} is not among the names")
    if len(words) in (_BOX, _SURE_BOX):
        raise Unusable("it is a box without an outline")
    try:
        numbers = [float(word) for word in words[1:]]
    except ValueError:
        raise Unusable("it holds other words than numbers") from None
    # An odd one at the end is how sure a model is.
    ring = ring_of(numbers[: len(numbers) // 2 * 2])
    if np.abs(ring).max() > _FARTHEST:
        raise Unusable("its coordinates are not between 0 and 1")
    return Thing(which, names[index], partial(_cover, ring))


def _cover(ring: Ring, shape: Shape) -> Drawn:
    return cover([[ring * shape[::-1]]], shape)
