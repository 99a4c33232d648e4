"""What ``napari-ovseg segment`` does with pictures that are segmented in tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_ovseg.cli.progress import Bars
from napari_ovseg.errors import Cancelled, InputError, LossError
from napari_ovseg.file_names import as_text, distinct_stems, resolved
from napari_ovseg.settings import Settings
from napari_ovseg.views.looks import spoken

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model


def segment_large_pictures(
    paths: Sequence[Path],
    settings: Settings,
    folder: Path,
    model: Model,
    *,
    resume: bool,
    overwrite: bool,
) -> list[str]:
    """Segment each picture into an OME-Zarr of its name; return what is wrong with those that can't be.

    Parameters
    ----------
    paths : sequence of Path
    settings : Settings
    folder : Path
    model : Model
    resume, overwrite : bool
        As for `segment_large`.

    Raises
    ------
    OutputError
        When a result is there already or can't be written.
    """
    from napari_ovseg.large import segment_large

    problems = []
    files = [resolved(path) for path in paths]
    stems = distinct_stems([(_stem(file), file) for file in files])
    for path, stem in zip(paths, stems, strict=True):
        target = folder / f"{stem}.ome.zarr"
        try:
            with Bars(as_text(path.name)) as bars:
                found = segment_large(
                    path, settings, target, model=model, resume=resume, overwrite=overwrite, progress=bars
                )
        except (KeyboardInterrupt, Cancelled):
            typer.echo("The same command with --resume goes on from there.", err=True)
            raise
        except LossError as error:
            if error.replaceable and not resume:
                typer.echo("Hint: --resume goes on with the run that is there.", err=True)
            raise
        except InputError as error:
            problems.append(str(error))
            continue
        for warning in found.record["warnings"]:
            typer.echo(f"Warning: {warning}", err=True)
        typer.echo(as_text(target) + (" was done before in the same way" if found.kept else ""))
        look = spoken(found.record["look"])
        if look:
            typer.echo(f"  shown to the model as: {look}")
        if found.record["absent"]:
            typer.echo(f"  probably not in it, so not painted: {', '.join(found.record['absent'])}")
    return problems


def _stem(file: Path) -> str:
    return file.name.partition(".")[0] or file.stem
