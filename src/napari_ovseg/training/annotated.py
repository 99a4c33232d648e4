"""Pictures and the masks on them that a model is taught by: saved work, and any export that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.labelled_pictures import SavedWork, labelled_pictures, saved_work
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.images import to_rgb
from napari_ovseg.imports import read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.pictures import Picture, read_flat_picture, read_picture

NOT_DONE = "not marked as done"


@dataclass(frozen=True)
class Annotated:
    """One picture, or one slice of a stack, and the masks on it.

    Attributes
    ----------
    name : str
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    labels : np.ndarray
        ``(H, W)``, uint8 or uint16: 0 background, the ids of `categories`, void where nothing is known.
    categories : tuple of NamedLabel
        Also those that the picture has none of.
    human : np.ndarray or None
        ``(H, W)``, bool: the pixels that a person has painted; None where that isn't known.
    """

    name: str
    picture: NDArray[np.float32]
    labels: Labels
    categories: tuple[NamedLabel, ...]
    human: NDArray[np.bool_] | None = None


def read_annotated(source: Path, skipped: list[str]) -> Iterator[Annotated]:
    """Read the pictures with masks that a path stands for.

    Parameters
    ----------
    source : Path
        A folder of pictures that were annotated in the window, one of them, its ``.ovseg`` folder, or
        whatever `read_labelled` reads.
    skipped : list of str
        Gets why others can't be used, a sentence each. Of saved work only what is marked as done is used.

    Yields
    ------
    Annotated

    Raises
    ------
    InputError
        When there is nothing of the kind.
    """
    if not source.exists():
        raise InputError(f"There is nothing at {as_text(source)}: name a folder of pictures with masks.")
    # work in the window comes before older files of other tools that lie beside the pictures
    work = saved_work(source)
    for saved in work:
        yield from _of_work(saved, skipped)
    if not work:
        yield from _of_export(source, skipped)


def _of_export(source: Path, skipped: list[str]) -> Iterator[Annotated]:
    for one in read_labelled(source, on_refused=skipped.append):
        if one.done is False:
            skipped.append(f"{one.name} is {NOT_DONE}.")
        elif one.picture_path is None:
            skipped.append(f"{one.name}: its picture was not found: put it beside the masks.")
        else:
            try:
                picture = to_rgb(read_flat_picture(one.picture_path).pixels)
                yield _fitting(one, picture, None)
            except InputError as error:
                skipped.append(_said(one.name, error))


def _of_work(saved: SavedWork, skipped: list[str]) -> Iterator[Annotated]:
    try:
        annotation = load(saved.sidecar)
        path = annotation.picture.path if annotation.picture is not None else None
        if path is None:
            raise InputError("its picture is no file: save it as one, and annotate that.")
        masks = labelled_pictures(annotation)
        done = [one for one in masks if one.done]
        if len(done) < max(len(masks), 1):
            skipped.append(f"{saved.name}: {len(masks) - len(done)} of {len(masks)} are {NOT_DONE}.")
        picture = read_picture(path) if done else None
    except InputError as error:
        skipped.append(_said(saved.name, error))
        return
    for one in done:
        human = annotation.slices[one.position].human
        try:
            assert picture is not None
            _refuse_other_planes(annotation.slices[one.position].record, one.position)
            shown = to_rgb(_plane(picture, one.position))
            painted = human != void_of(human) if human.shape == one.labels.shape else None
            yield _fitting(one, shown, painted)
        except InputError as error:
            skipped.append(_said(one.name, error))


def _refuse_other_planes(record: dict[str, Any], position: Position) -> None:
    """Raise `InputError` for a slice that was not cut along the last two axes: its pixels lie elsewhere."""
    axes = (record.get("read") or {}).get("axes")
    if axes is not None and list(axes) != [len(position), len(position) + 1]:
        raise InputError(
            "it was annotated along other axes than the last two: save its slices as pictures, and annotate "
            "these."
        )


def _plane(picture: Picture, position: Position) -> NDArray[Any]:
    """The slice of a picture at a position, counted along its first axes."""
    pixels = picture.pixels
    if pixels.ndim - picture.has_colours - 2 != len(position):
        raise InputError(
            "it has other axes than the stack that was annotated, so its slices can't be told: save the "
            "slices as pictures, and annotate these."
        )
    inside = all(at < length for at, length in zip(position, pixels.shape, strict=False))
    if not inside:
        raise InputError("the picture has fewer slices than were annotated.")
    plane: NDArray[Any] = pixels[position]
    return plane


def _fitting(
    one: LabelledPicture, picture: NDArray[np.float32], human: NDArray[np.bool_] | None
) -> Annotated:
    if picture.shape[:2] != one.labels.shape:
        sizes = " and ".join(f"{h} x {w}" for h, w in (picture.shape[:2], one.labels.shape))
        raise InputError(f"picture and masks have different sizes, {sizes} pixels.")
    return Annotated(one.name, picture, one.labels, one.categories, human)


def _said(name: str, error: InputError) -> str:
    text = str(error)
    return text if name in text else f"{name}: {text}"


def names_of(pictures: Sequence[Annotated]) -> tuple[str, ...]:
    """Return the names of all pictures, each once, in the order in which they come."""
    return tuple(dict.fromkeys(label.name for one in pictures for label in one.categories))
