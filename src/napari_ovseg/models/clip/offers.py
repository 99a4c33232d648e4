"""How CLIP models are brought and loaded.

open_clip imports torch, and the hub's client takes its time, so each is imported where it is needed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.models.clip.adapted import AdaptedCard, clip_card
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.offer import Offer
from napari_ovseg.models.run_card import fetch_learnt

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress


def clip_offer(card: ClipCard, checkpoint: str | Path | None = None) -> Offer:
    """Return a CLIP model, with the weights of its card or of a local file."""
    return Offer(
        card,
        load=partial(_load, card),
        is_here=partial(_is_here, card),
        fetch=partial(_fetch, card, checkpoint),
    )


def adapted_offer(folder: Path, run: AdaptedCard, teacher: Offer) -> Offer:
    """Return the model in a folder that `adapt` has written."""
    assert isinstance(teacher.card, ClipCard)
    return Offer(
        clip_card(folder, run, teacher.card),
        load=partial(_load_adapted, folder, run, teacher),
        is_here=teacher.is_here,
        fetch=partial(fetch_learnt, folder, run, teacher),
    )


def _load(card: ClipCard, device: torch.device, weights: Path | None) -> Model:
    from napari_ovseg.models.clip import loading

    assert weights is not None
    return loading.build(card, weights, device)


def _load_adapted(
    folder: Path, run: AdaptedCard, teacher: Offer, device: torch.device, weights: Path | None
) -> Model:
    from napari_ovseg.models.clip import loading

    of_teacher = teacher.fetch(None)
    assert isinstance(teacher.card, ClipCard)
    assert weights is not None
    assert of_teacher is not None
    card = clip_card(folder, run, teacher.card)
    return loading.build_adapted(card, run, teacher.card, of_teacher, weights, device)


def _is_here(card: ClipCard) -> bool:
    from napari_ovseg.models.clip import download

    return download.is_cached(card)


def _fetch(card: ClipCard, checkpoint: str | Path | None, progress: Progress | None) -> Path:
    from napari_ovseg.models.clip import download

    return download.weights(card, checkpoint, progress)
