"""``napari-ovseg import``: labels of other tools as the files that segment writes, to go on from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.categories import parse_categories
from napari_ovseg.cli.problems import end_with
from napari_ovseg.cli.progress import Bars
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_ovseg.categories import Category
    from napari_ovseg.labelled import LabelledPicture

_SHOWN = 3


def import_labels(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE",
            help="COCO, LabelMe, QuPath's GeoJSON, data.yaml of YOLO, what export wrote, label images, or "
            "folders of them.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the masks.", metavar="DIR")],
    pictures: Annotated[
        Path | None, typer.Option(help="Where the pictures are, if the files don't know.", metavar="DIR")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Names for label images without: one for all values, or one for each from 1 up.",
            metavar="TEXT",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of an earlier import.")
    ] = False,
) -> None:
    """Take labels of other tools in.

    Per picture: NAME_masks.png, whose pixel values are ids. Once: categories.json, which says what each id
    means. What was skipped or changed is printed. Open, export and the window go on from there.
    """
    from napari_ovseg.export import export as write
    from napari_ovseg.imports.doubles import without_doubles

    pictures = None if pictures is None else at_home(pictures)
    names = parse_categories(labels) if labels is not None else ()

    found: list[LabelledPicture] = []
    problems: list[str] = []
    for source in map(at_home, sources):
        try:
            found += _read(source, pictures, names, problems)
        except InputError as error:
            problems.append(str(error))
    if problems and not found:
        raise InputError(" ".join(problems))
    found = without_doubles(found, problems)
    with Bars() as bars:
        summary = write(found, at_home(output), "png", overwrite=overwrite, progress=bars)
    typer.echo(str(summary))
    missing = dict.fromkeys(
        as_text(one.picture_path.name)
        for one in found
        if one.picture_path is not None and not one.picture_path.exists()
    )
    if missing:
        typer.echo(_not_found(list(missing)))
    end_with(problems)


def _not_found(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    count = "1 picture was" if len(names) == 1 else f"{len(names)} pictures were"
    return f"{count} not found ({shown}): say where with --pictures DIR."


def _read(
    source: Path, pictures: Path | None, names: Sequence[Category], problems: list[str]
) -> list[LabelledPicture]:
    """Read the labels of one argument; what of a folder can't be read is added to the problems."""
    from napari_ovseg.imports import is_labelled, read_labelled
    from napari_ovseg.imports.skipped import read_each
    from napari_ovseg.imports.unnamed import label_images, read_unnamed

    images = [] if is_labelled(source) else label_images(source)
    if not images:
        return read_labelled(source, pictures=pictures, on_refused=problems.append)
    if not names:
        raise InputError(f'{source} holds no names: say what it shows, as in --labels "cell".')
    return read_each(images, lambda image: read_unnamed(image, names, pictures), problems)
