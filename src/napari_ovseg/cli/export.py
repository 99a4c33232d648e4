"""``napari-ovseg export``: labels from any file that can be read, into the format of another tool."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.cli.problems import end_with
from napari_ovseg.cli.progress import Bars
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import at_home

if TYPE_CHECKING:
    from napari_ovseg.labelled import LabelledPicture


def export(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE",
            help="What segment, import or export wrote; COCO, LabelMe, GeoJSON, data.yaml of YOLO; pictures "
            "that were annotated in napari.",
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            help="Categories: png, tiff, ome-tiff, npz, ome-zarr. Things: things-tiff, coco, yolo, geojson, "
            "labelme.",
            metavar="NAME",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the export.", metavar="DIR")],
    validation_share: Annotated[
        float, typer.Option(help="How much of the pictures to set apart for val, such as 0.2.", metavar="X")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed sets other pictures apart.", metavar="N")] = 0,
    smallest_area: Annotated[
        int, typer.Option(help="Things: leave out regions of fewer pixels.", metavar="N")
    ] = 1,
    corners_touch: Annotated[
        bool,
        typer.Option(help="Things: whether pixels that meet at a corner are one."),
    ] = True,
    split_touching: Annotated[
        bool, typer.Option("--split-touching", help="Things: cut round ones apart that touch.")
    ] = False,
    things: Annotated[
        bool, typer.Option("--things", help="OME-TIFF and OME-Zarr: one id per thing, too.")
    ] = False,
    polygons: Annotated[
        bool, typer.Option("--polygons", help="COCO: polygons in place of run lengths.")
    ] = False,
    saved_in: Annotated[
        Path | None,
        typer.Option(
            help="The folder chosen with 'Save to' in napari, if work on these pictures is there.",
            metavar="DIR",
        ),
    ] = None,
    empty_slices: Annotated[
        bool,
        typer.Option(
            "--empty-slices",
            help="Stacks annotated in napari: slices too that were looked at and neither run nor painted.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of an earlier export.")
    ] = False,
) -> None:
    """Export masks for training or for other tools.

    A thing is one connected region of a category. GeoJSON is for QuPath; things-tiff has one id per thing, as
    Cellpose, StarDist and Fiji take it, and a table of measurements. categories.json beside the files, or
    categories.ovseg beside formats that are JSON, says what each id means. What was left out is printed.
    """
    from napari_ovseg.export import export as write
    from napari_ovseg.imports.doubles import without_doubles

    pictures: list[LabelledPicture] = []
    problems: list[str] = []
    for source in sources:
        pictures += read_source(at_home(source), saved_in, problems, empty=empty_slices)
    if problems and not pictures:
        raise InputError(" ".join(problems))
    pictures = without_doubles(pictures, problems)
    with Bars() as bars:
        summary = write(
            pictures,
            at_home(output),
            format,
            smallest_area=smallest_area,
            connectivity=8 if corners_touch else 4,
            split_touching=split_touching,
            polygons=polygons,
            things=things,
            validation_share=validation_share,
            seed=seed,
            overwrite=overwrite,
            progress=bars,
        )
    typer.echo(str(summary))
    end_with(problems)


def read_source(
    source: Path, saved_in: Path | None, problems: list[str], *, empty: bool = False
) -> list[LabelledPicture]:
    """Read the labels of one argument; the one place to add other kinds of sources.

    Parameters
    ----------
    source : Path
    saved_in : Path or None
        The folder of the user's choice for all sidecars.
    problems : list of str
        Gets what can't be read, a sentence each; the rest is read.
    empty : bool
        Whether slices are read that were neither run nor painted.
    """
    from napari_ovseg.annotation.labelled_pictures import read_work, saved_work
    from napari_ovseg.imports import is_labelled, read_labelled
    from napari_ovseg.imports.ome_zarr import read_in_parts

    found = [] if is_labelled(source) else saved_work(source, saved_in)
    readings = [partial(read_work, work, empty=empty) for work in found] or [
        partial(read_labelled, source, on_refused=problems.append)
    ]
    pictures: list[LabelledPicture] = []
    for read in readings:
        try:
            large = read_in_parts(source)
            pictures += read() if large is None else [large]
        except InputError as error:
            problems.append(str(error))
    return pictures
