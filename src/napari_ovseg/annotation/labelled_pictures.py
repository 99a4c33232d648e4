"""From an annotation to what is exported: one labelled picture per slice."""

from __future__ import annotations

from pathlib import Path

from napari_ovseg.annotation.annotation import Annotation, Position, SliceAnnotation
from napari_ovseg.annotation.places import SUFFIX, sidecar_folder
from napari_ovseg.annotation.sidecar import is_sidecar, load
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import LabelledPicture


def labelled_pictures(
    annotation: Annotation,
    name: str | None = None,
    *,
    pixel_size: tuple[float, float] | None = None,
    unit: str | None = None,
) -> list[LabelledPicture]:
    """Return the masks of all slices with their names and colours; human pixels are part of the masks.

    Parameters
    ----------
    annotation : Annotation
    name : str, optional
        Of the picture, by default its file's without the ending. The slices of a stack add their position, as
        in ``embryo_0003``.
    pixel_size : tuple of float, optional
        Height and width of a pixel in `unit`.
    unit : str, optional
        Such as "micrometer".

    Returns
    -------
    list of LabelledPicture
        In the order of the positions. A slice of a stack has no path, since its file holds other slices too.
    """
    path = annotation.picture.path if annotation.picture is not None else None
    stem = name or (path.stem if path is not None else "picture")
    return [
        LabelledPicture(
            name=slice_name(stem, position),
            labels=content.masks,
            categories=tuple(sorted(annotation.labels, key=lambda label: label.id)),
            picture_path=path if _is_whole(annotation, position, content) else None,
            pixel_size=pixel_size,
            unit=unit,
            record=annotation.settings | content.record,
            done=content.done,
        )
        for position, content in sorted(annotation.slices.items())
    ]


def slice_name(stem: str, position: Position) -> str:
    """Name a slice of a stack so that names sort as slices do; a flat picture keeps its name."""
    return "_".join([stem, *(f"{index:04d}" for index in position)])


def sidecars_of(source: str | Path) -> list[Path]:
    """Return the sidecars that a path stands for.

    Parameters
    ----------
    source : str or Path
        A sidecar, a picture with one beside it, or a folder that holds some.

    Returns
    -------
    list of Path
        Sorted; empty when there are none.
    """
    source = Path(source)
    for folder in (source, sidecar_folder(source)):
        if is_sidecar(folder):
            return [folder]
    return sorted(folder for folder in source.glob(f"*{SUFFIX}") if is_sidecar(folder))


def read_sidecar(folder: str | Path) -> list[LabelledPicture]:
    """Read the labelled pictures of a sidecar, named after its folder.

    Raises
    ------
    InputError
        When it can't be read, or no picture in it has masks yet.
    """
    folder = Path(folder)
    pictures = labelled_pictures(load(folder), Path(folder.name.removesuffix(SUFFIX)).stem)
    if not pictures:
        raise InputError(f"{folder} holds no masks yet: run or paint first.")
    return pictures


def _is_whole(annotation: Annotation, position: Position, content: SliceAnnotation) -> bool:
    """Whether the masks have the pixels of the picture's file: not a slice, nor a coarser level."""
    shape = annotation.picture.shape if annotation.picture is not None else ()
    return not position and (not shape or content.masks.shape in (shape[:2], shape[-2:]))
