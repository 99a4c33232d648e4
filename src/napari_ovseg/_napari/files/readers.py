"""File > Open: labels of ours and of other tools as named, coloured, editable labels layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_ovseg._napari.layers.labelled_layers import LayerTuple, layer_of
from napari_ovseg.errors import InputError
from napari_ovseg.imports import is_labelled, read_labelled

Reader = Callable[[str | list[str]], list[LayerTuple]]

# More layers than this can't be told apart, and take minutes to show.
_MOST = 100
_PICTURES = (".png", ".tif", ".tiff")


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader for labels with names; None for all others, which other readers then open.

    A picture that is called as our masks are but has no names is opened by napari's own reader: it is ours to
    open once a person has chosen this reader for such names.
    """
    if isinstance(path, str) and is_labelled(path):
        return _read
    first = path if isinstance(path, str) else path[0] if path else ""
    return _as_pictures if Path(first).suffix.lower() in _PICTURES else None


def labelled_layers(path: str | Path) -> tuple[list[LayerTuple], list[str]]:
    """Return a labels layer for each picture in a file or folder, and what was changed or left out for that.

    The first is visible.

    Raises
    ------
    InputError
        When it can't be read, or holds too many pictures.
    """
    pictures = read_labelled(path)
    if len(pictures) > _MOST:
        raise InputError(
            f"{path} holds {len(pictures)} pictures, and {_MOST} are the most that open at once: write them "
            "as npz with napari-ovseg export, and open some of those."
        )
    layers: list[LayerTuple] = []
    notes: dict[str, None] = {}
    for picture in pictures:
        layer, changed = layer_of(picture)
        # pictures lie above each other: of the others nothing would be seen through the first
        layer[1]["visible"] = not layers
        layers.append(layer)
        notes |= dict.fromkeys([*picture.record.get("notes", ()), *changed])
    return layers, list(notes)


def _read(path: str | list[str]) -> list[LayerTuple]:
    from napari.utils.notifications import show_warning

    layers, notes = labelled_layers(str(path))
    if notes:
        show_warning("\n".join(notes))
    return layers


def _as_pictures(path: str | list[str]) -> Any:
    from napari_builtins.io import napari_get_reader

    return napari_get_reader(path)(path)
