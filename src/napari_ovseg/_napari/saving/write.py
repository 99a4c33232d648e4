"""One write of an annotation to its sidecar, and a copy of one that could not be written."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path

from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.inside import outermost
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.errors import OvsegError


@dataclass(frozen=True, eq=False)
class Write:
    """What is written where; `changed` names the slices whose arrays may be read, None for all."""

    work: Hashable
    found: Found
    sidecar: Sidecar
    annotation: Annotation
    changed: set[Position] | None

    def __call__(self) -> None:
        """Write it; raises as `Sidecar.save` does."""
        self.sidecar.save(replace(self.annotation, picture=self.found.picture), self.changed)


@dataclass(frozen=True, eq=False)
class Kept:
    """Work whose layers may be gone and that is not on the disk: a copy of all of it, and where it was."""

    annotation: Annotation
    place: Path | None
    sidecar: Sidecar | None


def sentence(error: BaseException) -> str:
    """Say why something could not be saved."""
    if isinstance(error, OvsegError):
        return str(error)
    return f"Something went wrong that should not ({type(error).__name__}: {error})."


def new_sidecar(found: Found) -> Sidecar:
    """Return the place of work on a picture, of which nothing was saved yet."""
    return Sidecar(found.place, other=found.state)


def folder_text(folder: Path) -> str:
    """Name a folder inside a sidecar, since the panel is narrow."""
    return folder.relative_to(outermost(folder).parent).as_posix()
