"""A model that finds colours by their names, for napari-ovseg."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.registry import Offer

if TYPE_CHECKING:
    import torch

    from colour_names.model import ColourNames

COLOURS = {
    "red": (0.9, 0.1, 0.1),
    "green": (0.1, 0.7, 0.1),
    "blue": (0.1, 0.2, 0.9),
    "yellow": (0.9, 0.9, 0.1),
    "black": (0.0, 0.0, 0.0),
    "grey": (0.5, 0.5, 0.5),
    "white": (1.0, 1.0, 1.0),
}
CARD = ModelCard(
    "colours",
    licence="MIT",
    known_words=frozenset(COLOURS),
    note="Finds red, green, blue, yellow, black, grey and white.",
)


def load(_device: torch.device, _weights: Path | None) -> ColourNames:
    """Build the model; PyTorch is imported only now."""
    from colour_names.model import ColourNames

    return ColourNames()


OFFER = Offer(CARD, load, devices=("cpu",))
