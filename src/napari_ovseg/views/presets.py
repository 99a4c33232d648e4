"""The names of the presets: how many views of a picture a model sees. No torch, for forms and help."""

from __future__ import annotations

from typing import Literal, get_args

from napari_ovseg.errors import InputError

Preset = Literal["fast", "balanced", "best"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


def check_preset(preset: str) -> None:
    """Refuse a preset that there is not.

    Raises
    ------
    InputError
        The message lists those that there are.
    """
    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
