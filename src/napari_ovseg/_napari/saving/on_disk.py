"""What is known of the saved work of a window: a panel opened again goes on where the last one was."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_ovseg._napari.saving.write import Kept, Write, new_sidecar
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.inside import outermost
from napari_ovseg.annotation.places import free_sidecar
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.annotation.sidecar import Sidecar

if TYPE_CHECKING:
    from napari.components import ViewerModel


@dataclass(eq=False)
class OnDisk:
    """Where work belongs, what of it is there, and copies of what is not.

    Attributes
    ----------
    found : dict of str to Found
        By `shown.picture_key`.
    sidecars : dict of Path to Sidecar
        To which the work is saved that belongs at a place.
    left : dict of Path to set of tuple of int or None
        Slices that the disk does not have as they were at the last snapshot; None, and by default: all.
    kept : dict
        Copies of work that is not saved, of which the layers may be gone.
    """

    found: dict[str, Found] = field(default_factory=dict)
    sidecars: dict[Path, Sidecar] = field(default_factory=dict)
    left: dict[Path, set[Position] | None] = field(default_factory=dict)
    kept: dict[Hashable, Kept] = field(default_factory=dict)

    def adopt(self, place: Path, sidecar: Sidecar) -> None:
        """Save what belongs at `place` to this sidecar from now on, since its work was resumed."""
        self.sidecars[place] = sidecar
        self.left[place] = None

    def begin_afresh(self, found: Found) -> None:
        """Keep what is saved of a picture: what follows is other work, and sets it aside."""
        known = self.sidecars.get(found.place)
        ours = known is not None and outermost(known.folder) == found.place
        self.sidecars[found.place] = known.begun_afresh() if known and ours else new_sidecar(found)
        self.left[found.place] = None

    def write_of(
        self, work: Hashable, found: Found, annotation: Annotation, changed: set[Position] | None
    ) -> Write:
        """Return the write of a snapshot, which takes the place of an earlier copy."""
        self.kept.pop(work, None)
        self.left[found.place] = changed
        sidecar = self.sidecars.setdefault(found.place, new_sidecar(found))
        return Write(work, found, sidecar, annotation, changed)

    def keep(self, work: Hashable, annotation: Annotation, found: Found | None) -> None:
        """Keep a copy of all of a work; `found`: where it belongs, None as long as that is not known."""
        sidecar = None
        if found is not None:
            self.left[found.place] = None
            sidecar = self.sidecars.setdefault(found.place, new_sidecar(found))
        self.kept[work] = Kept(annotation, None if found is None else found.place, sidecar)

    def write_of_kept(self, work: Hashable, found: Found) -> Write:
        """Return the write of a copy: to where its work was saved before, or where it belongs now."""
        kept = self.kept[work]
        sidecar = kept.sidecar if found.place == kept.place else None
        return Write(work, found, sidecar or new_sidecar(found), kept.annotation, None)

    def is_kept(self, write: Write) -> bool:
        """Whether what is written is a copy, and the latest."""
        kept = self.kept.get(write.work)
        return kept is not None and kept.annotation is write.annotation

    def put_last(self, work: Hashable) -> None:
        """Write a copy after the others, which may belong to a disk that works."""
        self.kept[work] = self.kept.pop(work)

    def has(self, write: Write) -> None:
        """The disk has what was written."""
        place = write.found.place
        if self.is_kept(write):
            del self.kept[write.work]
            self.sidecars.setdefault(place, write.sidecar)
        elif self.sidecars.get(place) is write.sidecar:
            self.left[place] = set()

    def lacks(self, write: Write) -> None:
        """The disk has none of the slices as they were saved."""
        self.left[write.found.place] = None

    def go_beside(self, write: Write) -> Path:
        """Save beside what is not to be overwritten from now on; returns where."""
        place = write.found.place
        beside = Sidecar(free_sidecar(place))
        if self.sidecars.get(place, write.sidecar) is write.sidecar:
            self.sidecars[place] = beside
            self.left[place] = None
        if self.is_kept(write):
            self.kept[write.work] = Kept(write.annotation, place, beside)
        return beside.folder


_of: WeakKeyDictionary[ViewerModel, OnDisk] = WeakKeyDictionary()


def on_disk(viewer: ViewerModel) -> OnDisk:
    """Return what the panels of a viewer know, also those that are closed."""
    return _of.setdefault(viewer, OnDisk())
