"""From an annotation to what is exported: one labelled picture per slice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_ovseg.annotation.annotation import Annotation, Position, SliceAnnotation
from napari_ovseg.annotation.full_size import at_size, full_sides
from napari_ovseg.annotation.last_save import is_sidecar, last_saved
from napari_ovseg.annotation.places import (
    SUFFIX,
    letters_for,
    own_sidecars,
    saved_sidecars,
    sidecar_folder,
    sidecars_in,
    whole_name,
    without_number,
)
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.categories import void_of
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import STEM_BYTES, as_text, fitting
from napari_ovseg.labelled import LabelledPicture
from napari_ovseg.pictures import read_pixel_size


def labelled_pictures(
    annotation: Annotation,
    name: str | None = None,
    *,
    empty: bool = False,
    stack: Sequence[int] = (),
    pixel_size: tuple[float, float] | None = None,
    unit: str | None = None,
) -> list[LabelledPicture]:
    """Return the masks of slices with their names and colours; human pixels are part of the masks.

    Slices that were neither run nor painted are left out: their background would be false ground truth. The
    ``notes`` of the first picture's record say which.

    Parameters
    ----------
    annotation : Annotation
    name : str, optional
        Of the picture, by default its file's without the ending. The slices of a stack add their position, as
        in ``embryo_0003``.
    empty : bool
        Whether slices that were neither run nor painted are taken too, as background.
    stack : sequence of int
        Lengths along the axes of the stack, where they are known: slices that the annotation lacks are such
        too.
    pixel_size : tuple of float, optional
        Height and width of a pixel of the full picture, in `unit`.
    unit : str, optional
        Such as "micrometer".

    Returns
    -------
    list of LabelledPicture
        In the order of the positions. Masks that lie on a coarse level are in pixels of the full picture. A
        slice of a stack has no path, since its file holds other slices too.
    """
    path = annotation.picture.path if annotation.picture is not None else None
    stem = name or (as_text(path.stem) if path is not None else "picture")
    slices = dict(annotation.slices)
    missing = [at for at in np.ndindex(*stack) if at not in slices] if stack else []
    if empty and slices:
        like = next(iter(slices.values()))
        nobody = np.full_like(like.human, void_of(like.human))
        read = {key: like.record[key] for key in ("read",) if key in like.record}
        slices |= dict.fromkeys(missing, SliceAnnotation(np.zeros_like(like.masks), nobody, record=read))
    taken = {at: one for at, one in sorted(slices.items()) if empty or not at or one.worked_on}
    found = []
    for position, content in taken.items():
        sides = full_sides(annotation, content)
        named = slice_name(stem, position)
        found.append(
            LabelledPicture(
                name=named,
                labels=content.masks if sides is None else at_size(content.masks, sides, named),
                categories=tuple(sorted(annotation.labels, key=lambda label: label.id)),
                picture_path=path if _is_whole(annotation, position, sides) else None,
                pixel_size=pixel_size,
                unit=unit,
                record=annotation.settings | content.record,
                done=content.done,
                stack=stem if position else "",
                position=position,
            )
        )
    return noted(found, left_out([at for at in sorted({*slices, *missing}) if at not in taken]))


def left_out(positions: Sequence[Position]) -> str:
    """Say which slices are left out of an export and why; nothing where there are none."""
    if not positions:
        return ""
    shown = ", ".join(" ".join(map(str, at)) for at in positions[:5])
    more = f" and {len(positions) - 5} more" if len(positions) > 5 else ""
    what, were = ("Slice", "was") if len(positions) == 1 else ("Slices", "were")
    return f"{what} {shown}{more} {were} neither run nor painted and left out."


def noted(pictures: list[LabelledPicture], note: str) -> list[LabelledPicture]:
    """Add a sentence to the notes in the record of the first picture."""
    if note and pictures:
        record = pictures[0].record
        record = record | {"notes": [*record.get("notes", ()), note]}
        pictures[0] = replace(pictures[0], record=record)
    return pictures


def slice_name(stem: str, position: Position) -> str:
    """Name a slice of a stack so that names sort as slices do; a flat picture keeps its name."""
    place = "".join(f"_{index:04d}" for index in position)
    # what tells slices apart is the end of their names, so that of a long one is not what is cut off
    return fitting(stem, STEM_BYTES - len(place)) + place if position else stem


def slice_called(position: Position) -> str:
    """Call a slice by its number on napari's sliders, which count from 0."""
    return f"slice {', '.join(map(str, position))}"


@dataclass(frozen=True)
class SavedWork:
    """What was saved of one picture, or of one layer of it.

    Attributes
    ----------
    name : str
        Of the picture's file, with the layer's after a further one.
    sidecar : Path
        The one that was saved last.
    passed_over : tuple of Path
        Others of the same picture: earlier states, work beside it, or in another place.
    """

    name: str
    sidecar: Path
    passed_over: tuple[Path, ...] = ()


def saved_work(source: str | Path, elsewhere: str | Path | None = None) -> list[SavedWork]:
    """Return the saved work that a path stands for, once per picture.

    Parameters
    ----------
    source : str or Path
        A sidecar, an annotated picture, or a folder of sidecars or of annotated pictures. The work on
        pictures is looked for beside them, in the user's own folder, and in `elsewhere`.
    elsewhere : str or Path, optional
        The folder that was chosen for all sidecars.

    Returns
    -------
    list of SavedWork
        Sorted by name; empty when there is none.
    """
    source = Path(source)
    if is_sidecar(source):
        return [SavedWork(whole_name(without_number(source), source), source)]
    centrals = dict.fromkeys([own_sidecars(), *([] if elsewhere is None else [Path(elsewhere)])])
    found: dict[str, list[Path]] = {}
    if not os.path.isdir(source) or sidecar_folder(source).exists():
        places = [sidecar_folder(source, central) for central in (None, *centrals)]
        found[as_text(source.name)] = [path for place in places for path in saved_sidecars(place)]
        return _latest(found)
    for path in source.glob(f"*{SUFFIX}"):
        for one in sidecars_in(path):
            found.setdefault(whole_name(without_number(one), one), []).append(one)
    letters = f"-{letters_for(source)}"
    for central in centrals:
        for path in central.glob(f"*{letters}*{SUFFIX}"):
            for one in sidecars_in(path):
                if (name := without_number(one)).endswith(letters):
                    found.setdefault(whole_name(name.removesuffix(letters), one), []).append(one)
    return _latest(found)


def _latest(found: dict[str, list[Path]]) -> list[SavedWork]:
    latest_first = {
        name: sorted(paths, key=last_saved, reverse=True) for name, paths in found.items() if paths
    }
    return [SavedWork(name, first, tuple(rest)) for name, (first, *rest) in sorted(latest_first.items())]


def read_work(work: SavedWork, *, empty: bool = False) -> list[LabelledPicture]:
    """Read the labelled pictures of saved work, named after their picture.

    Parameters
    ----------
    work : SavedWork
        From `saved_work`.
    empty : bool
        As in `labelled_pictures`.

    Returns
    -------
    list of LabelledPicture
        At least one. The ``notes`` in the record of the first say what was passed over.

    Raises
    ------
    InputError
        When it can't be read, or no picture in it has masks yet.
    """
    annotation = load(work.sidecar)
    path = annotation.picture.path if annotation.picture is not None else None
    file = "" if path is None else as_text(path.name)
    named_so = file and work.name.startswith(file)
    name = Path(file).stem + work.name[len(file) :] if named_so else Path(work.name).stem
    size, unit = _pixel_size(path)
    pictures = labelled_pictures(annotation, name, empty=empty, pixel_size=size, unit=unit)
    if not pictures:
        raise InputError(f"{work.sidecar} holds no masks yet: run or paint first.")
    read_from = {"read_from": as_text(work.sidecar)}
    pictures = [one if one.picture_path else replace(one, record=read_from | one.record) for one in pictures]
    if work.passed_over:
        others = ", ".join(map(str, work.passed_over))
        note = f"Of the work on '{work.name}' the latest was taken, {work.sidecar}, and not {others}."
        noted(pictures, note)
    return pictures


def _is_whole(annotation: Annotation, position: Position, sides: tuple[int, int] | None) -> bool:
    """Whether the labels have the pixels of the picture's file: not a slice, nor another size."""
    known = annotation.picture is not None and bool(annotation.picture.shape)
    return not position and (sides is not None or not known)


def _pixel_size(path: Path | None) -> tuple[tuple[float, float], str] | tuple[None, None]:
    try:
        return (None, None) if path is None else read_pixel_size(path)
    except InputError:
        # a sidecar outlives its picture
        return None, None
