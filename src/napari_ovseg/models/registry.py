"""The models that can be had: CLIP towers, "photos", adapted ones, what other packages bring; no torch.

A package brings a model by an entry point of the group ``napari_ovseg.models`` that names an `Offer`;
``docs/own_model.md`` shows how.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError, ModelError, OvsegError
from napari_ovseg.file_names import at_home
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip.adapted import CARD, WEIGHTS, AdaptedCard, clip_card, finished_card
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.registry import CLIP_MODELS, DEFAULT, find_clip
from napari_ovseg.models.photos.card import PHOTOS, PhotosCard

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress

GROUP = "napari_ovseg.models"
BUNDLED = "demo"
"""The model that needs no download."""


def _always() -> bool:
    return True


def _nothing(_progress: Progress | None) -> None:
    return None


@dataclass(frozen=True)
class Offer:
    """A model that can be had.

    Attributes
    ----------
    card : ModelCard
    load : callable
        ``load(device, weights) -> Model``, of what `fetch` returned. Import torch there, not before: lists
        of models come up at once then.
    devices : tuple of str
        Where it can run; "auto" takes the first that is there.
    is_here : callable
        ``is_here() -> bool``: whether it can be loaded without a connection.
    fetch : callable
        ``fetch(progress) -> Path or None``: the file of weights, brought onto this disk where it isn't yet;
        ``progress(stage, done, total)`` may be None. A model without such a file needs none of this.
    extra : str
        The extra of this package that brings the weights, for a model that no hub has.
    """

    card: ModelCard
    load: Callable[[torch.device, Path | None], Model]
    devices: tuple[str, ...] = ("cuda", "mps", "cpu")
    is_here: Callable[[], bool] = _always
    fetch: Callable[[Progress | None], Path | None] = _nothing
    extra: str = ""


def offers() -> dict[str, Offer]:
    """Return the models known by name: CLIP, "photos", those of other packages; the bundled one is last."""
    found = {name: _clip_offer(card) for name, card in CLIP_MODELS.items()} | _others()
    return dict(sorted(found.items(), key=lambda one: one[1].card.bundled))


def find_offer(name: str, *, checkpoint: str | Path | None = None) -> Offer:
    """Return what is known of a model by name.

    Parameters
    ----------
    name : str
        A name of `offers`, a folder that `adapt` has written, any other ``ARCHITECTURE/TAG`` that open_clip
        knows, ``hf-hub:ORG/REPOSITORY``, or, with ``checkpoint``, an architecture alone.
    checkpoint : path, optional
        A local file to take the weights of a CLIP architecture from instead.

    Raises
    ------
    InputError
        When nothing has this name; the message offers the closest ones.
    ModelError
        When it is a folder whose training has not ended, or whose card is damaged.
    """
    others = _others()
    other = others.get(name.strip())
    if other is None:
        return _adapted_offer(name, checkpoint) or _clip_offer(
            _clip_card(name, checkpoint, others), checkpoint
        )
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
    """Return the card of a model of the list, or of one that was adapted from one of them.

    None for any other name: to know that one imports torch.
    """
    name = name.strip()
    offer = offers().get(name)
    return _listed_adapted(name, at_home(name)) if offer is None else offer.card


def _listed_adapted(name: str, folder: Path) -> ModelCard | None:
    if not name or not os.path.isfile(folder / CARD):
        return None
    try:
        run = finished_card(folder)
    except OvsegError:
        return None
    teacher = CLIP_MODELS.get(run.teacher)
    return None if teacher is None else clip_card(folder, run, teacher)


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


def _clip_offer(card: ClipCard, checkpoint: str | Path | None = None) -> Offer:
    return Offer(
        card,
        load=partial(_load_clip, card),
        is_here=partial(_clip_is_here, card),
        fetch=partial(_fetch_clip, card, checkpoint),
    )


# open_clip imports torch, and the hub's client takes its time: each where it is needed
def _load_clip(card: ClipCard, device: torch.device, weights: Path | None) -> Model:
    from napari_ovseg.models.clip import loading

    assert weights is not None
    return loading.build(card, weights, device)


def _clip_is_here(card: ClipCard) -> bool:
    from napari_ovseg.models.clip import download

    return download.is_cached(card)


def _fetch_clip(card: ClipCard, checkpoint: str | Path | None, progress: Progress | None) -> Path:
    from napari_ovseg.models.clip import download

    return download.weights(card, checkpoint, progress)


def _clip_card(name: str, checkpoint: str | Path | None, others: Iterable[str]) -> ClipCard:
    try:
        return find_clip(name, checkpoint=checkpoint, others=others)
    except InputError:
        if checkpoint is None and name.strip() and os.path.isdir(folder := at_home(name.strip())):
            # says what a folder needs to be a model
            finished_card(folder)
        raise


def _adapted_offer(name: str, checkpoint: str | Path | None) -> Offer | None:
    """Return the model in a folder that `adapt` has written; None for any other name."""
    name = name.strip()
    folder = at_home(name)
    if not name or name in CLIP_MODELS or checkpoint is not None or not os.path.isfile(folder / CARD):
        return None
    run = finished_card(folder)
    teacher = find_clip(run.teacher)
    card = clip_card(folder, run, teacher)
    return Offer(
        card,
        load=partial(_load_adapted, card, run, teacher),
        is_here=partial(_clip_is_here, teacher),
        fetch=partial(_fetch_adapted, folder, run, teacher),
    )


def _load_adapted(
    card: ClipCard, run: AdaptedCard, teacher: ClipCard, device: torch.device, weights: Path | None
) -> Model:
    from napari_ovseg.models.clip import loading

    assert weights is not None
    return loading.build_adapted(card, run, teacher, _fetch_clip(teacher, None, None), weights, device)


def _fetch_adapted(folder: Path, run: AdaptedCard, teacher: ClipCard, progress: Progress | None) -> Path:
    """Bring the teacher's weights here, and return those that were learnt."""
    _fetch_clip(teacher, None, progress)
    weights = (folder / WEIGHTS).absolute()
    if not weights.is_file():
        raise ModelError(f'"{weights}" is missing. This makes it again: {run.again(folder)}')
    return weights
