"""Words around the typed names: background packs, the guess which one fits, sharper names."""

from __future__ import annotations

from napari_ovseg.wording.guess import Guess, guess_pack
from napari_ovseg.wording.packs import GUESS, NONE, PACKS, Pack, find_pack, pack_called
from napari_ovseg.wording.sharper import sharper_names

__all__ = [
    "GUESS",
    "NONE",
    "PACKS",
    "Guess",
    "Pack",
    "find_pack",
    "guess_pack",
    "pack_called",
    "sharper_names",
]
