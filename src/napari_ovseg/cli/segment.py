"""``napari-ovseg segment`` and ``demo``: the main job, without a window."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.categories import Category, format_categories, parse_categories
from napari_ovseg.cli.large_pictures import segment_large_pictures
from napari_ovseg.cli.models import load
from napari_ovseg.cli.options import (
    CheckpointOption,
    DeviceOption,
    LookOption,
    MethodOption,
    ModelOption,
    PackOption,
    PresetOption,
    SeedOption,
    SizeOption,
)
from napari_ovseg.cli.progress import Bars
from napari_ovseg.cli.window import has_display
from napari_ovseg.errors import InputError, LossError, OvsegError
from napari_ovseg.file_names import as_text, at_home
from napari_ovseg.models.registry import BUNDLED
from napari_ovseg.settings import Settings
from napari_ovseg.views.looks import AUTO, spoken
from napari_ovseg.wording import GUESS, NONE, sharper_names

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_ovseg.many import Job, Result
    from napari_ovseg.models.model import Model


def segment(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE", help="PNG, JPEG, TIFF, Zarr and so on, or folders of them."),
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
    look: LookOption = AUTO,
    size: SizeOption = "",
    pack: PackOption = GUESS,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of an earlier run.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with an earlier run: leave alone what it has done in the same way."
        ),
    ] = False,
) -> None:
    """Segment pictures by names.

    Per picture: STEM_masks.png and STEM_pseudo.png, whose pixel values are ids, and STEM_overlay.png.

    Once: categories.json, which says what each id means, how it was made and what was found.

    Of a picture of more than 4096 x 4096 pixels, or in .zarr or .npy: STEM.ome.zarr, written as it goes.

    Stopped, by Ctrl+C or otherwise? The same command with --resume goes on where it was.
    """
    from napari_ovseg.large import is_large
    from napari_ovseg.many import plan
    from napari_ovseg.many.jobs import run_ledger
    from napari_ovseg.many.picture_files import picture_files

    settings = Settings(
        names=parse_categories(labels),
        preset=preset,
        method=method,
        look=look,
        size=size,
        pack=pack,
        device=device,
        seed=seed,
    )
    output = at_home(output)
    files = picture_files(images)
    large = [file for file in files if is_large(file)]
    others = [file for file in files if file not in large]
    try:
        jobs = plan(others, output, overwrite=overwrite, resume=resume) if others or not large else []
    except LossError as error:
        if error.replaceable and not resume and run_ledger(output).names():
            typer.echo("Hint: --resume goes on with the run that is there.", err=True)
        raise
    loaded = load(model, checkpoint, device)
    settings = replace(settings, model=model or loaded.card.name, checkpoint=checkpoint)
    failed = _run(jobs, settings, output, loaded, resume=resume, overwrite=overwrite) if jobs else []
    problems = [result.problem for result in failed]
    with _killing_is_ctrl_c():
        problems += segment_large_pictures(
            large, settings, output, loaded, resume=resume, overwrite=overwrite
        )
    _offer_sharper(settings.names, loaded)
    if problems:
        typer.echo(f"{len(problems)} of {len(jobs) + len(large)} pictures could not be segmented:", err=True)
        for problem in problems:
            typer.echo(f"  {' '.join(problem.split())}", err=True)
        raise typer.Exit(1)


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Write pictures, open no window.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for the pictures.", metavar="DIR")] = Path(
        "demo_output"
    ),
) -> None:
    """Show the main job on sample pictures; without a screen, write pictures.

    Generated scenes are for the bundled model, a photo is for the model "photos" where it is installed.
    """
    if not headless and has_display():
        from napari_ovseg._napari.launch import open_window

        open_window(demo=True)
        return
    if not headless:
        typer.echo("There is no display here, so the pictures are written to files.")
    from napari_ovseg.demo import photo
    from napari_ovseg.demo.scenes import sample_scene

    loaded = load(BUNDLED, None, "auto")
    for stem, seed in (("particles", 3), ("shapes", 10)):
        picture, _, names = sample_scene(seed)
        _segment_sample(stem, f"a generated scene of {stem}", picture, names, output, loaded)
    if advice := photo.photo_advice():
        typer.echo(advice)
    else:
        loaded = load(photo.MODEL, None, "auto")
        _segment_sample("photo", "a photo of scikit-image", *photo.sample_photo(), output, loaded)
    typer.echo(f"The pictures are in {output.resolve()}")


def _segment_sample(
    stem: str, source: str, pixels: NDArray[np.uint8], names: list[str], output: Path, model: Model
) -> None:
    from napari_ovseg.many import Job
    from napari_ovseg.pictures import Picture

    job = Job(stem, source, partial(Picture, pixels))
    for failed in _run(
        [job], Settings(names=parse_categories(names), model=model.card.name), output / stem, model
    ):
        raise InputError(failed.problem)


def _run(
    jobs: list[Job],
    settings: Settings,
    folder: Path,
    model: Model,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> list[Result]:
    """Segment, saying what was written and what to know about it; return what failed."""
    from napari_ovseg.many import segment_files

    failed: list[Result] = []
    kept, new = 0, 0
    said: set[str] = set()
    with Bars() as bars, _killing_is_ctrl_c():
        run = segment_files(
            jobs, settings, folder, model=model, resume=resume, overwrite=overwrite, progress=bars
        )
        try:
            # closed at once: the list of what is done is written before anything is said
            with closing(run) as results:
                for result in results:
                    if result.kept:
                        kept += 1
                        continue
                    if resume and not (new or failed):
                        _say_kept(kept, len(jobs))
                    if result.problem:
                        failed.append(result)
                    else:
                        new += 1
                        _say(result, settings, folder, said)
        except (KeyboardInterrupt, OvsegError):
            _say_stopped(kept + new, len(jobs))
            raise
    if resume and not (new or failed):
        _say_kept(kept, len(jobs))
    return failed


def _say_stopped(done: int, count: int) -> None:
    if done:
        hint = "The same command with --resume goes on from there."
        typer.echo(f"{done} of {count} pictures are done. {hint}", err=True)


def _say_kept(kept: int, count: int) -> None:
    typer.echo(f"{kept} of {count} pictures were done before in the same way, and are left alone.")


@contextmanager
def _killing_is_ctrl_c() -> Iterator[None]:
    """End as by Ctrl+C when the system, or a queue of jobs, asks the process to end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(result: Result, settings: Settings, folder: Path, said: set[str]) -> None:
    """Say what was found in a picture, and warn of what was not `said` yet."""
    found, job = result.segmentation, result.job
    assert found is not None
    for warning in found.record.get("warnings", ()):
        if warning not in said:
            typer.echo(f"Warning: {warning}", err=True)
            said.add(warning)
    typer.echo(as_text(folder / job.files["overlay"]))
    if job.path is not None and as_text(job.path.stem) != job.stem:
        typer.echo(f"  from {job.source}")
    used = found.record["pack"]
    if used != NONE:
        guessed = " (guessed)" if settings.pack == GUESS else ""
        typer.echo(f"  background pack: {used}{guessed}")
    look = spoken(found.record.get("look"))
    if look:
        typer.echo(f"  shown to the model as: {look}")
    for name, classes in found.record.get("stands_for", {}).items():
        typer.echo(f"  {name} was taken for: {classes}")
    absent = found.record.get("absent", ())
    if absent:
        typer.echo(f"  probably not in it, so not painted: {', '.join(absent)}")


def _offer_sharper(categories: tuple[Category, ...], model: Model) -> None:
    """Say how an ambiguous name could be typed instead; words that the model doesn't know are no offer."""
    offers = sharper_names(categories, model.card.known_words)
    if offers:
        written = "; ".join(format_categories([offers.get(one.name, one)]) for one in categories)
        typer.echo(
            f'Hint: {", ".join(offers)} can mean several things. Sharper, to try: --labels "{written}"',
            err=True,
        )
