"""``napari-ovseg segment`` and ``demo``: the main job, without a window."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.categories import Category, format_categories, parse_categories
from napari_ovseg.cli.models import load
from napari_ovseg.cli.options import (
    CheckpointOption,
    DeviceOption,
    MethodOption,
    ModelOption,
    PackOption,
    PresetOption,
    SeedOption,
)
from napari_ovseg.cli.progress import Bars
from napari_ovseg.cli.window import has_display
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home
from napari_ovseg.models.registry import BUNDLED
from napari_ovseg.picture_files import picture_files
from napari_ovseg.settings import Settings
from napari_ovseg.wording import GUESS, NONE, sharper_names

if TYPE_CHECKING:
    from napari_ovseg.batch import Job, Result
    from napari_ovseg.models.model import Model


def segment(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE", help="PNG, JPEG, TIFF and so on, or folders of them."),
    ],
    labels: Annotated[
        str,
        typer.Option(help='Names, as in "cat, dog: puppy, hound; background: grass, sky".', metavar="TEXT"),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")],
    model: ModelOption = None,
    checkpoint: CheckpointOption = None,
    preset: PresetOption = "balanced",
    method: MethodOption = None,
    pack: PackOption = GUESS,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of an earlier run.")
    ] = False,
) -> None:
    """Segment pictures by names.

    Per picture: STEM_masks.png and STEM_pseudo.png, whose pixel values are ids, and STEM_overlay.png.

    Once: categories.json, which says what each id means, how it was made and what was found.
    """
    from napari_ovseg.batch import plan

    settings = Settings(
        names=parse_categories(labels), preset=preset, method=method, pack=pack, device=device, seed=seed
    )
    output = at_home(output)
    jobs = plan(picture_files(images), output, overwrite=overwrite)
    loaded = load(model, checkpoint, device)
    failed = _run(jobs, settings, output, loaded)
    _offer_sharper(settings.names, loaded)
    if failed:
        typer.echo(f"{len(failed)} of {len(jobs)} pictures could not be segmented:", err=True)
        for result in failed:
            typer.echo(f"  {' '.join(result.problem.split())}", err=True)
        raise typer.Exit(1)


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Write pictures, open no window.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for the pictures.", metavar="DIR")] = Path(
        "demo_output"
    ),
) -> None:
    """Show the main job on sample pictures with the bundled model; without a screen, write pictures."""
    if not headless and has_display():
        from napari_ovseg._napari.launch import open_window

        open_window(demo=True)
        return
    if not headless:
        typer.echo("There is no display here, so the pictures are written to files.")
    from napari_ovseg.batch import Job
    from napari_ovseg.demo.scenes import sample_scene
    from napari_ovseg.pictures import Picture

    loaded = load(BUNDLED, None, "auto")
    for stem, scene in (("particles", sample_scene(3)), ("shapes", sample_scene(10))):
        job = Job(stem, f"a generated scene of {stem}", partial(Picture, scene[0]))
        for failed in _run([job], Settings(names=parse_categories(scene[2])), output / stem, loaded):
            raise InputError(failed.problem)
    typer.echo(f"The pictures are in {output.resolve()}")


def _run(jobs: list[Job], settings: Settings, folder: Path, model: Model) -> list[Result]:
    """Segment, saying what was written and what to know about it; return what failed."""
    from napari_ovseg.batch import segment_files

    failed = []
    said: set[str] = set()
    with Bars() as bars:
        for result in segment_files(jobs, settings, folder, model=model, progress=bars):
            found = result.segmentation
            if found is None:
                failed.append(result)
                continue
            for warning in found.record.get("warnings", ()):
                if warning not in said:
                    typer.echo(f"Warning: {warning}", err=True)
                    said.add(warning)
            typer.echo(as_text(folder / result.job.files["overlay"]))
            path = result.job.path
            if path is not None and as_text(path.stem) != result.job.stem:
                typer.echo(f"  from {result.job.source}")
            used = found.record["pack"]
            if used != NONE:
                guessed = " (guessed)" if settings.pack == GUESS else ""
                typer.echo(f"  background pack: {used}{guessed}")
            absent = found.record.get("absent", ())
            if absent:
                typer.echo(f"  probably not in it, so not painted: {', '.join(absent)}")
    return failed


def _offer_sharper(categories: tuple[Category, ...], model: Model) -> None:
    """Say how an ambiguous name could be typed instead; words that the model doesn't know are no offer."""
    offers = sharper_names(categories, model.card.known_words)
    if offers:
        written = "; ".join(format_categories([offers.get(one.name, one)]) for one in categories)
        typer.echo(
            f'Hint: {", ".join(offers)} can mean several things. Sharper, to try: --labels "{written}"',
            err=True,
        )
