"""What is known of the saved work of a window: a panel opened again goes on where the last one was."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_ovseg._napari.write import Kept
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.annotation.sidecar import Sidecar

if TYPE_CHECKING:
    from napari.components import ViewerModel


@dataclass(eq=False)
class OnDisk:
    """Where work belongs, and what of it is there.

    Attributes
    ----------
    found : dict of str to Found
        By `shown.picture_key`.
    sidecars : dict of Path to Sidecar
        To which the work is saved that belongs at a place.
    left : dict of Path to set of tuple of int or None
        Slices that the disk does not have as they were at the last snapshot; None, and by default: all.
    kept : dict
        Copies of work that could not be saved.
    """

    found: dict[str, Found] = field(default_factory=dict)
    sidecars: dict[Path, Sidecar] = field(default_factory=dict)
    left: dict[Path, set[Position] | None] = field(default_factory=dict)
    kept: dict[Hashable, Kept] = field(default_factory=dict)


_of: WeakKeyDictionary[ViewerModel, OnDisk] = WeakKeyDictionary()


def on_disk(viewer: ViewerModel) -> OnDisk:
    """Return what the panels of a viewer know, also those that are closed."""
    return _of.setdefault(viewer, OnDisk())
