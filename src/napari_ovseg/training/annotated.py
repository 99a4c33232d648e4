"""Pictures and the masks on them that a model is taught by: saved work, and any export that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.full_size import at_size
from napari_ovseg.annotation.labelled_pictures import SavedWork, labelled_pictures, saved_work
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.images import to_rgb
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.pictures import read_flat_picture, read_picture
from napari_ovseg.training.annotated_slice import slice_as_shown

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
    if not work and not is_labelled(source):
        raise InputError(
            f"There are no masks for {as_text(source)}: annotate its pictures in the window and mark them as "
            'done, or name what "napari-ovseg segment", "export" or another tool wrote.'
        )
    for saved in work:
        yield from _of_work(saved, skipped)
    if not work:
        yield from _of_export(source, skipped)


def _of_export(source: Path, skipped: list[str]) -> Iterator[Annotated]:
    for one in read_labelled(source, on_refused=skipped.append):
        if one.done is False:
            skipped.append(f"{one.name} is {NOT_DONE}.")
        elif one.position:
            skipped.append(
                f"{one.name} is a slice of a stack: name the stack itself, where its work is saved."
            )
        elif one.picture_path is None:
            skipped.append(f"{one.name}: its picture was not found: put it beside the masks.")
        else:
            try:
                picture = to_rgb(read_flat_picture(one.picture_path).pixels)
                yield fitting(one, picture, None)
            except (InputError, MemoryError) as error:
                skipped.append(_said(one.name, one.picture_path, error))


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
    except (InputError, MemoryError) as error:
        skipped.append(_said(saved.name, saved.sidecar, error))
        return
    for one in done:
        assert picture is not None
        piece = annotation.slices[one.position]
        try:
            shown = slice_as_shown(picture, one.position, piece.record.get("read"))
            human = at_size(piece.human, one.labels.shape, one.name)
            yield fitting(one, shown, human != void_of(human))
        except (InputError, MemoryError) as error:
            skipped.append(_said(one.name, saved.sidecar, error))


def fitting(one: LabelledPicture, picture: NDArray[np.float32], human: NDArray[np.bool_] | None) -> Annotated:
    """Return a picture with its masks, where they fit each other.

    Raises
    ------
    InputError
        When they don't, or the masks have no names.
    """
    if not one.categories:
        raise InputError("its masks have no names: give them names, or leave it out.")
    too_high = [label.id for label in one.categories if label.id >= void_of(one.labels)]
    if too_high:
        raise InputError(f"the id {too_high[0]} doesn't fit into its masks: save them with 16 bits.")
    if picture.shape[:2] != one.labels.shape:
        sizes = " and ".join(f"{h} x {w}" for h, w in (picture.shape[:2], one.labels.shape))
        raise InputError(f"picture and masks have different sizes, {sizes} pixels.")
    return Annotated(one.name, picture, one.labels, one.categories, human)


def _said(name: str, path: Path, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"{name}: there is not enough memory for it."
    text = str(error)
    return text if as_text(path) in text else f"{name}: {text}"
