"""The relevance methods by name, and what each costs; no torch, so that lists of them come up at once."""

from __future__ import annotations

from typing import Literal, get_args

Method = Literal["explain", "cam", "legrad", "maskclip", "clearclip", "naclip", "sclip", "scclip", "gem"]
METHODS: tuple[Method, ...] = get_args(Method)


def cost_of(method: str) -> str:
    """Say in a few words what a method costs of the time of looking, as ``docs/speed.md`` has measured it."""
    dear = {
        "cam": "5 % more time per name",
        "legrad": "8 % more time per name",
        "gem": "20 to 40 % more time",
    }
    return dear.get(method, "no extra time")
