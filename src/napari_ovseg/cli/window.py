"""``napari-ovseg open``: the window with the panel in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError


def open_command(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE", help="Pictures to open, and masks or labels of other tools."),
    ] = None,
    labels: Annotated[str, typer.Option(help="Names to fill in.", metavar="TEXT")] = "",
) -> None:
    """Open napari with the panel, and pictures in it."""
    if labels:
        parse_categories(labels)
    if not has_display():
        raise InputError("There is no display to open a window on: use napari-ovseg segment instead.")
    from napari_ovseg._napari.launch import open_window

    open_window(images or [], labels=labels)


def has_display() -> bool:
    """Whether a window can be opened here."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
