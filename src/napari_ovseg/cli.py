"""The command line: ``napari-ovseg segment``, ``demo``, ``open`` and ``models``."""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_ovseg import __version__
from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import InputError, OvsegError

if TYPE_CHECKING:
    from napari_ovseg.batch import Job, Result
    from napari_ovseg.clip.model import Model
    from napari_ovseg.clip.registry import ModelSpec

Preset = Literal["fast", "balanced", "best"]

app = typer.Typer(
    help="Type what is in the picture, get editable masks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="List the models, or download one.", invoke_without_command=True)
app.add_typer(models_app, name="models")


def main() -> None:
    """Run the command line; an error of this package is one line on stderr and exit code 2."""
    # Licences and notes of a run are printed here, once.
    warnings.filterwarnings("ignore", category=UserWarning, module="napari_ovseg")
    try:
        app()
    except OvsegError as error:
        typer.echo(f"Error: {' '.join(str(error).split())}", err=True)
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def segment(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="PNG, JPEG, TIFF and so on.")],
    labels: Annotated[
        str,
        typer.Option(help='Names, as in "cat, dog: puppy, hound; background: grass, sky".', metavar="TEXT"),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")],
    model: Annotated[
        str | None,
        typer.Option(
            help='See "napari-ovseg models". Default: ViT-B/16 for photos once downloaded, else demo.',
            metavar="NAME",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Weights from a local file; --model then names the architecture.", metavar="PATH"),
    ] = None,
    preset: Annotated[Preset, typer.Option(help="How many views of each picture.")] = "balanced",
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.", metavar="NAME")] = "auto",
    seed: Annotated[int, typer.Option(help="The same seed gives the same masks.", metavar="N")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of an earlier run.")
    ] = False,
) -> None:
    """Segment pictures by names.

    Per picture: STEM_masks.png and STEM_pseudo.png, whose pixel values are ids, and STEM_overlay.png.

    Once: categories.json, which says what each id means, how it was made and what was found.
    """
    from napari_ovseg.batch import plan

    categories = parse_categories(labels)
    jobs = plan(images, output, overwrite=overwrite)
    loaded = _load(model, checkpoint, device)
    failed = _run(jobs, categories, output, loaded, preset, seed)
    if failed:
        typer.echo(f"{len(failed)} of {len(jobs)} pictures could not be segmented:", err=True)
        for result in failed:
            named = result.job.source in result.problem
            typer.echo(f"  {result.problem if named else f'{result.job.source}: {result.problem}'}", err=True)
        raise typer.Exit(1)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Write pictures, open no window.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for the pictures.", metavar="DIR")] = Path(
        "demo_output"
    ),
) -> None:
    """Show the main job on sample pictures with the bundled model; without a screen, write pictures."""
    if not headless and _has_display():
        from napari_ovseg._napari.launch import open_window

        open_window(demo=True)
        return
    if not headless:
        typer.echo("There is no display here, so the pictures are written to files.")
    from napari_ovseg.batch import Job
    from napari_ovseg.demo.scenes import sample_scene

    loaded = _load("demo", None, "auto")
    for stem, scene in (("particles", sample_scene(3)), ("shapes", sample_scene(10))):
        job = Job(stem, f"a generated scene of {stem}", partial(getitem, scene, 0))
        for failed in _run([job], parse_categories(scene[2]), output / stem, loaded, "balanced", 0):
            raise InputError(failed.problem)
    typer.echo(f"The pictures are in {output.resolve()}")


@app.command("open")
def open_command(
    images: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="Pictures to open.")] = None,
    labels: Annotated[str, typer.Option(help="Names to fill in.", metavar="TEXT")] = "",
) -> None:
    """Open napari with the panel, and pictures in it."""
    if labels:
        parse_categories(labels)
    if not _has_display():
        raise InputError("There is no display to open a window on: use napari-ovseg segment instead.")
    from napari_ovseg._napari.launch import open_window

    open_window(images or [], labels=labels)


@models_app.callback()
def _models(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_command()


@models_app.command("list")
def list_command() -> None:
    """List the models with size, licence, and whether they are on this machine."""
    from napari_ovseg.clip.registry import list_models

    rows = [(_size(spec), _place(spec), spec.name, spec.licence, spec.note) for spec in list_models()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for size, place, name, licence, note in rows:
        typer.echo(f"{size:>{widths[0]}}  {place:<{widths[1]}}  {name}")
        typer.echo(f"{'':{sum(widths) + 4}}{licence}. {note}")
    typer.echo("\nAny other open_clip name or hf-hub:ORG/REPOSITORY works too.")


@models_app.command()
def download(name: Annotated[str, typer.Argument(help="A name of the list.")]) -> None:
    """Download a model, so that it is there when needed."""
    from napari_ovseg.clip.download import download, is_cached
    from napari_ovseg.clip.registry import find_model

    spec = find_model(name)
    if is_cached(spec):
        typer.echo(f"{spec.name} is on this machine already.")
        return
    _show_licence(spec)
    with _Bars() as bars:
        path = download(spec, progress=bars)
    typer.echo(f"{spec.name} is now in {path}")


class _Bars:
    """Progress on the terminal: one bar per stage, gone when the stage is done; silent in a log file."""

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._stage = ""
        self._bar: Any = None

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage or self._bar is None:
            self._close()
            in_bytes = stage.startswith("Downloading")
            self._bar = tqdm(
                desc=": ".join(filter(None, (self._title, stage))),
                total=total,
                unit="B" if in_bytes else "",
                unit_scale=in_bytes,
                leave=False,
                disable=None,
            )
            self._stage = stage
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _load(name: str | None, checkpoint: Path | None, device: str) -> Model:
    from napari_ovseg.clip.registry import find_model

    if name is None:
        if checkpoint is not None:
            raise InputError("--checkpoint needs --model with its architecture, as in --model ViT-B-16.")
        name = _default_model()
    spec = find_model(name, checkpoint=checkpoint)
    if checkpoint is None:
        _show_licence(spec)
    from napari_ovseg.clip.loading import load_model

    with _Bars() as bars:
        loaded = load_model(name, checkpoint=checkpoint, device=device, progress=bars)
    typer.echo(f"Model {loaded.spec.name} on {loaded.device}", err=True)
    return loaded


def _default_model() -> str:
    from napari_ovseg.clip.download import is_cached
    from napari_ovseg.clip.registry import DEFAULT, find_model

    spec = find_model(DEFAULT)
    if is_cached(spec):
        return spec.name
    typer.echo(
        "Using the small bundled model, which knows shapes, colours, stained nuclei and some textures. For "
        f"photos: napari-ovseg models download {spec.name} ({_size(spec)}, once).",
        err=True,
    )
    return "demo"


def _show_licence(spec: ModelSpec) -> None:
    if not spec.commercial:
        typer.echo(f"Licence of {spec.name}: {spec.licence}. It forbids commercial use.", err=True)


def _run(
    jobs: list[Job], categories: tuple[Category, ...], folder: Path, model: Model, preset: str, seed: int
) -> list[Result]:
    """Segment, saying what was written and what to know about it; return what failed."""
    from napari_ovseg.batch import segment_files

    failed = []
    said: set[str] = set()
    with _Bars() as bars:
        for result in segment_files(
            jobs, categories, folder, model=model, preset=preset, seed=seed, progress=bars
        ):
            found = result.segmentation
            if found is None:
                failed.append(result)
                continue
            for warning in found.record.get("warnings", ()):
                if warning not in said:
                    typer.echo(f"Warning: {warning}", err=True)
                    said.add(warning)
            typer.echo(folder / result.job.files["overlay"])
            absent = found.record.get("absent", ())
            if absent:
                typer.echo(f"  probably not in it, so not painted: {', '.join(absent)}")
    return failed


def _has_display() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def _size(spec: ModelSpec) -> str:
    return f"{spec.megabytes / 1000:.1f} GB" if spec.megabytes >= 1000 else f"{spec.megabytes} MB"


def _place(spec: ModelSpec) -> str:
    from napari_ovseg.clip.download import is_cached

    if spec.name == "demo":
        return "bundled"
    return "downloaded" if is_cached(spec) else "to download"
