"""The relevance methods by name, and what each costs; no torch, so that lists of them come up at once."""

from __future__ import annotations

from typing import Literal, get_args

Method = Literal["explain", "cam", "legrad", "maskclip", "clearclip", "naclip", "sclip", "scclip", "gem"]
METHODS: tuple[Method, ...] = get_args(Method)


def cost_of(method: str) -> str:
    """Say in one line what a method costs; measured with a ViT-B/16, see ``docs/speed.md``."""
    dear = {
        "cam": "each name adds about 5 % to the time of looking",
        "legrad": "each name adds about 8 % to the time of looking",
        "gem": "looking takes about 1.2 times as long, with 10 names 1.4",
    }
    return dear.get(method, "names add nothing to the time of looking")
