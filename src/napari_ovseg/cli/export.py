"""``napari-ovseg export``: labels from any file that can be read, into the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.cli.progress import Bars

if TYPE_CHECKING:
    from napari_ovseg.labelled import LabelledPicture


def export(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE",
            help="Folders that segment or export wrote, their PNG or NPZ files, COCO JSON, or pictures that "
            "were annotated in napari.",
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

    pictures = [picture for source in sources for picture in read_source(source, saved_in)]
    with Bars() as bars:
        summary = write(
            pictures,
            output,
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


def read_source(source: Path, saved_in: Path | None = None) -> list[LabelledPicture]:
    """Read the labels of one argument; the one place to add other kinds of sources."""
    from napari_ovseg.annotation.labelled_pictures import read_work, saved_work
    from napari_ovseg.imports import is_labelled, read_labelled

    if not is_labelled(source):
        found = saved_work(source, saved_in)
        if found:
            return [picture for work in found for picture in read_work(work)]
    return read_labelled(source)
