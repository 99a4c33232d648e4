"""File > Open: exported labels, and COCO of any tool, as named, coloured, editable labels layers."""

from __future__ import annotations

from collections.abc import Callable

from napari_ovseg._napari.labelled_layers import LayerTuple, layer_of
from napari_ovseg.errors import InputError
from napari_ovseg.imports import is_labelled, read_labelled

# More layers than this can't be told apart, and take minutes to show.
_MOST = 100


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerTuple]] | None:
    """Return a reader for our files and for COCO; None for all others, which other readers then open."""
    if not isinstance(path, str):
        return None
    return _read if is_labelled(path) else None


def _read(path: str | list[str]) -> list[LayerTuple]:
    from napari.utils.notifications import show_warning

    pictures = read_labelled(str(path))
    if len(pictures) > _MOST:
        raise InputError(
            f"{path} holds {len(pictures)} pictures, and {_MOST} are the most that open at once: write them "
            "as npz with napari-ovseg export, and open some of those."
        )
    layers = []
    notes: dict[str, None] = {}
    for picture in pictures:
        layer, changed = layer_of(picture)
        layers.append(layer)
        notes |= dict.fromkeys([*picture.record.get("notes", ()), *changed])
    if notes:
        show_warning("\n".join(notes))
    return layers
