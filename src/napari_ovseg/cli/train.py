"""``napari-ovseg train``: learn from a folder of pictures, with masks or without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from napari_ovseg.cli.models import load
from napari_ovseg.cli.problems import end_with
from napari_ovseg.cli.progress import Bars
from napari_ovseg.file_names import as_text, at_home, resolved

if TYPE_CHECKING:
    from napari_ovseg.models.run_card import RunCard
    from napari_ovseg.models.zeroseg.sizes import Preset

train_app = typer.Typer(help="Learn from your own pictures.", no_args_is_help=True)

# a folder that is missing is said before a teacher is fetched for it
Folder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER", help="Pictures of one kind, without labels.", exists=True, file_okay=False
    ),
]
Annotations = Annotated[
    Path,
    typer.Argument(
        metavar="ANNOTATIONS",
        help="Pictures with masks: annotated in napari and marked as done, or what segment or another tool "
        "wrote.",
        exists=True,
    ),
]
Teacher = Annotated[
    str, typer.Option(help='A model of "napari-ovseg models", such as demo.', metavar="MODEL")
]
Output = Annotated[Path, typer.Option(help="Folder for the model.", metavar="RUN")]


@train_app.callback()
def _train() -> None:
    pass


@train_app.command()
def adapt(
    folder: Folder,
    teacher: Teacher,
    output: Output,
    steps: Annotated[int, typer.Option(help="Of the training, 8 pictures each.", min=1, metavar="N")] = 400,
) -> None:
    """Adapt a model to a folder of pictures without labels.

    The result is a model like any other: --model RUN.

    Stopped, by Ctrl+C or otherwise? The same command goes on where it was.
    """
    name = load(teacher, None, "auto").card.name
    from napari_ovseg.training import adapt as run

    with _followed() as bars:
        adapted = run(folder, teacher=name, output=output, steps=steps, progress=bars)
    learnt = f"{adapted.teacher} is adapted to {adapted.pictures} pictures"
    typer.echo(f"{learnt}; the loss of the last steps is {adapted.loss:.4f}.")
    _end(adapted, output)


@train_app.command()
def fast(
    annotations: Annotations,
    teacher: Teacher,
    output: Output,
    steps: Annotated[int, typer.Option(help="Of the training, 4 windows each.", min=1, metavar="N")] = 150,
) -> None:
    """Teach a fast model by masks, so that it does the rest in one pass.

    The result is a model like any other: --model RUN. Names that nobody drew can be asked for too.

    Stopped, by Ctrl+C or otherwise? The same command goes on where it was.
    """
    name = load(teacher, None, "auto").card.name
    from napari_ovseg.training import train_fast as run

    with _followed() as bars:
        taught = run(annotations, teacher=name, output=output, steps=steps, progress=bars)
    typer.echo(f"{', '.join(taught.names)}: learnt from {taught.pictures} pictures.")
    if taught.iou:
        typer.echo(f"Measured on {taught.held_back} that were held back (intersection over union):")
        for called, iou in taught.iou.items():
            typer.echo(f"  {called}: {iou:.3f}")
    _end(taught, output)


@train_app.command()
def zeroseg(
    folder: Folder,
    teacher: Teacher,
    output: Output,
    preset: Annotated[
        str, typer.Option(help="tiny, for a CPU, or paper, for a GPU.", metavar="PRESET")
    ] = "tiny",
    steps: Annotated[int, typer.Option(help="Of the training.", min=1, metavar="N")] = 4000,
) -> None:
    """Learn from a folder of pictures without labels to segment such pictures in one look.

    The result is a model like any other: --model RUN.

    Stopped, by Ctrl+C or otherwise? The same command goes on where it was.
    """
    name = load(teacher, None, "auto").card.name
    from napari_ovseg.training.zeroseg import zeroseg as run

    chosen = cast("Preset", preset)
    with _followed() as bars:
        learnt = run(folder, teacher=name, output=output, preset=chosen, steps=steps, progress=bars)
    typer.echo(
        f"{learnt.pictures} pictures were learnt from; the loss of the last steps is {learnt.loss:.4f}, and "
        f"{learnt.groups:.1f} groups are in use in a picture."
    )
    _end(learnt, output)


@contextmanager
def _followed() -> Iterator[Bars]:
    """Show how far a training is; once it is stopped, say how to go on."""
    try:
        with Bars() as bars:
            yield bars
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise


def _end(run: RunCard, output: Path) -> None:
    """Say how to use the model, and what was left out."""
    typer.echo(f"Use it by --model {as_text(resolved(at_home(output)))}")
    end_with(run.skipped)
