"""Models in folders that ``napari-ovseg train`` has written, whatever training that was; without torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from napari_ovseg.file_names import at_home
from napari_ovseg.models.clip.adapted import AdaptedCard
from napari_ovseg.models.clip.offers import adapted_offer
from napari_ovseg.models.fast.card import FastCard
from napari_ovseg.models.fast.offers import fast_offer
from napari_ovseg.models.offer import Offer
from napari_ovseg.models.run_card import CARD, RunCard, finished_card
from napari_ovseg.models.zeroseg.card import ZeroSegCard
from napari_ovseg.models.zeroseg.offer import zeroseg_offer

KINDS: Final[dict[type[RunCard], Callable[[Path, Any, Offer], Offer]]] = {
    AdaptedCard: adapted_offer,
    FastCard: fast_offer,
    ZeroSegCard: zeroseg_offer,
}
"""How the model of each kind of card is offered: ``offer(folder, card, teacher)``."""


def is_trained(name: str) -> bool:
    """Tell whether this is a folder with the card of a trained model, finished or not."""
    name = name.strip()
    return bool(name) and os.path.isfile(at_home(name) / CARD)


def trained_card(folder: Path) -> RunCard:
    """Read the card of a trained model of any kind that can be used.

    Raises
    ------
    InputError
        When the folder holds no such model.
    ModelError
        When the card can't be read, or the training has not ended.
    """
    return finished_card(folder, *KINDS)


def trained_offer(name: str, find_teacher: Callable[[str], Offer]) -> Offer:
    """Return the model in a folder.

    Parameters
    ----------
    name : str
        The folder.
    find_teacher : callable
        ``find_teacher(name) -> Offer``: the model that was learnt from, which was not trained itself.

    Raises
    ------
    InputError
        When the folder holds no such model, or there is no such teacher.
    ModelError
        When the card can't be read, or the training has not ended.
    """
    folder = at_home(name.strip())
    run = trained_card(folder)
    return KINDS[type(run)](folder, run, find_teacher(run.teacher))
