"""``napari-ovseg models``, and loading one for the other commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.cli.progress import Bars
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari_ovseg.models.clip.model import Model
    from napari_ovseg.models.clip.registry import ModelSpec

models_app = typer.Typer(help="List the models, or download one.", invoke_without_command=True)


@models_app.callback()
def _models(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_command()


@models_app.command("list")
def list_command() -> None:
    """List the models with size, licence, and whether they are on this machine."""
    from napari_ovseg.models.clip.registry import list_models

    rows = [(_size(spec), _place(spec), spec.name, spec.licence, spec.note) for spec in list_models()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for size, place, name, licence, note in rows:
        typer.echo(f"{size:>{widths[0]}}  {place:<{widths[1]}}  {name}")
        typer.echo(f"{'':{sum(widths) + 4}}{licence}. {note}")
    typer.echo("\nAny other open_clip name or hf-hub:ORG/REPOSITORY works too.")


@models_app.command()
def download(name: Annotated[str, typer.Argument(help="A name of the list.")]) -> None:
    """Download a model, so that it is there when needed."""
    from napari_ovseg.models.clip.download import download, is_cached
    from napari_ovseg.models.clip.registry import find_model

    spec = find_model(name)
    if is_cached(spec):
        typer.echo(f"{spec.name} is on this machine already.")
        return
    _show_licence(spec)
    with Bars() as bars:
        path = download(spec, progress=bars)
    typer.echo(f"{spec.name} is now in {path}")


def load(name: str | None, checkpoint: Path | None, device: str) -> Model:
    """Load a model by name, the best that is there by default, and show a licence that needs to be known."""
    from napari_ovseg.models.clip.registry import find_model

    if name is None:
        if checkpoint is not None:
            raise InputError("--checkpoint needs --model with its architecture, as in --model ViT-B-16.")
        name = _default_model()
    spec = find_model(name, checkpoint=checkpoint)
    if checkpoint is None:
        _show_licence(spec)
    from napari_ovseg.models.clip.loading import load_model

    with Bars() as bars:
        loaded = load_model(name, checkpoint=checkpoint, device=device, progress=bars)
    typer.echo(f"Model {loaded.spec.name} on {loaded.device}", err=True)
    return loaded


def _default_model() -> str:
    from napari_ovseg.models.clip.download import is_cached
    from napari_ovseg.models.clip.registry import DEFAULT, find_model

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


def _size(spec: ModelSpec) -> str:
    return f"{spec.megabytes / 1000:.1f} GB" if spec.megabytes >= 1000 else f"{spec.megabytes} MB"


def _place(spec: ModelSpec) -> str:
    from napari_ovseg.models.clip.download import is_cached

    if spec.name == "demo":
        return "bundled"
    return "downloaded" if is_cached(spec) else "to download"
