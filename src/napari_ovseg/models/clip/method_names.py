"""The relevance methods of CLIP towers, and what is known of each, without torch."""

from __future__ import annotations

from typing import Literal, get_args

from napari_ovseg.models.card import MapMethod

Method = Literal["explain", "cam", "legrad", "maskclip", "clearclip", "naclip", "sclip", "scclip", "gem"]
METHODS: tuple[Method, ...] = get_args(Method)
CLIP_METHODS = (
    # there the words of a pack lost more than they won, see docs/names.md
    MapMethod("explain", own_zero=True, guesses_pack=False),
    MapMethod("cam", own_zero=True, words_compete=True, cost="5 % more time per name"),
    MapMethod("legrad", own_zero=True, cost="8 % more time per name"),
    MapMethod("maskclip"),
    MapMethod("clearclip"),
    MapMethod("naclip"),
    MapMethod("sclip"),
    MapMethod("scclip"),
    MapMethod("gem", cost="20 to 40 % more time"),
)
"""What each costs is measured in ``docs/speed.md``."""


def cost_of(method: str) -> str:
    """Say in a few words what a method costs of the time of looking."""
    return next((one.cost for one in CLIP_METHODS if one.name == method), MapMethod.cost)
