"""What `annotation.json` in a sidecar holds: all of an annotation but its arrays, checked when it is read.

Reading it runs nothing: it is JSON, and the files it names lie in its own folder, whatever it says.
"""

from __future__ import annotations

import json
import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from napari_ovseg.annotation.annotation import Annotation, PictureIdentity, Position, SliceAnnotation
from napari_ovseg.annotation.inside import outermost
from napari_ovseg.categories import BACKGROUND, MAX_CATEGORIES, Category
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, path_of
from napari_ovseg.labelled import NamedLabel

# Its name in every sidecar.
DOCUMENT: Final = "annotation.json"
FORMAT: Final = "napari-ovseg annotation"
VERSION: Final = 1

_Id = Annotated[int, Field(ge=1, le=MAX_CATEGORIES)]
_Channel = Annotated[int, Field(ge=0, le=255)]
_Side = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelEntry(_Part):
    """One category of the table."""

    id: _Id
    name: str
    colour: tuple[_Channel, _Channel, _Channel]
    synonyms: tuple[str, ...] = ()


class PictureEntry(_Part):
    """Which picture was annotated."""

    path: str | None
    checksum: str
    shape: tuple[NonNegativeInt, ...]
    dtype: str
    size: NonNegativeInt | None = None
    modified: int | None = None


class SliceEntry(_Part):
    """One slice; its arrays are in `file`, beside this one."""

    position: tuple[NonNegativeInt, ...]
    file: Annotated[str, Field(pattern=r"^slice(-[0-9]+)*-[0-9a-f]{8}\.npz$")]
    digest: str
    shape: tuple[_Side, _Side]
    presence: dict[str, float]
    record: dict[str, Any]
    done: bool


class SavedBy(_Part):
    """Who saved, and when: what a person needs to know when two windows want the same folder."""

    at: datetime
    host: str
    process: int


class Document(_Part):
    """The whole of `annotation.json`; `generation` is another one after every save."""

    format: Literal["napari-ovseg annotation"] = FORMAT
    version: Literal[1] = VERSION
    generation: str
    saved: SavedBy
    picture: PictureEntry | None
    labels: tuple[LabelEntry, ...]
    background: tuple[str, ...] | None
    locked: tuple[Annotated[int, Field(ge=0, le=MAX_CATEGORIES)], ...]
    last_id: Annotated[int, Field(ge=0, le=MAX_CATEGORIES)]
    settings: dict[str, Any]
    slices: tuple[SliceEntry, ...]

    def write(self, file: BinaryIO) -> None:
        """Write the file's content into an open file."""
        # A record may hold any path; what is not Unicode is no reason not to save.
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False, default=_plain)
        file.write(as_text(text + "\n").encode())

    def saved_at(self) -> str:
        """Return the time of saving as a person here reads it."""
        return f"{self.saved.at.astimezone():%Y-%m-%d %H:%M}"

    def annotation(self, folder: Path) -> Annotation:
        """Return the annotation without its slices.

        Parameters
        ----------
        folder : Path
            The sidecar: when the picture that it belongs to lies beside it, that is the picture's path, so
            that both can be moved together.
        """
        return Annotation(
            labels=tuple(NamedLabel(**entry.model_dump()) for entry in self.labels),
            background=None
            if self.background is None
            else Category(BACKGROUND, self.background, background=True),
            locked=frozenset(self.locked),
            last_id=self.last_id,
            settings=self.settings,
            picture=self._picture(folder),
        )

    def _picture(self, folder: Path) -> PictureIdentity | None:
        if self.picture is None:
            return None
        folder = outermost(folder)
        path = _path_in(self.picture.path, folder) if self.picture.path is not None else None
        for suffix in (r"\.ovseg", r"\.[0-9]+\.ovseg"):
            beside = folder.with_name(re.sub(f"{suffix}$", "", folder.name) or folder.name)
            if beside != folder and beside.exists():
                path = beside
                break
        return PictureIdentity(path, **self.picture.model_dump(exclude={"path"}))


def document_of(
    annotation: Annotation, slices: tuple[SliceEntry, ...], generation: str, folder: Path
) -> Document:
    """Gather what `annotation.json` in this folder is to hold.

    Raises
    ------
    InputError
        When a value can't be stored, such as an id below 1.
    """
    picture, background = annotation.picture, annotation.background
    try:
        return Document(
            generation=generation,
            saved=SavedBy(at=datetime.now(UTC), host=socket.gethostname(), process=os.getpid()),
            picture=None if picture is None else _picture_entry(picture, folder),
            labels=tuple(_label_entry(label) for label in annotation.labels),
            background=None if background is None else background.synonyms,
            locked=tuple(sorted(int(label) for label in annotation.locked)),
            last_id=annotation.last_id,
            settings=annotation.settings,
            slices=slices,
        )
    except ValidationError as error:
        raise InputError(f"This annotation can't be saved: {_first(error)}.") from error


def slice_entry(position: Position, annotation: SliceAnnotation, file: str, digest: str) -> SliceEntry:
    """Describe a slice whose arrays are in `file`.

    Raises
    ------
    InputError
        When a value can't be stored.
    """
    try:
        return SliceEntry(
            position=tuple(int(index) for index in position),
            file=file,
            digest=digest,
            shape=annotation.masks.shape,
            presence=annotation.presence,
            record=annotation.record,
            done=annotation.done,
        )
    except ValidationError as error:
        raise InputError(f"This annotation can't be saved: {_first(error)}.") from error


def decode(content: bytes, path: Path) -> Document:
    """Check what was read from `annotation.json`.

    Raises
    ------
    InputError
        When it is damaged, of a newer version, or something else altogether.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged, it is no longer JSON: restore its folder from a backup."
        ) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(f"{path} is no annotation of napari-ovseg: choose a folder that ends in .ovseg.")
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise InputError(
            f"{path} was saved by a newer napari-ovseg (its format is {version}, this one reads {VERSION}): "
            "update napari-ovseg."
        )
    try:
        return Document.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path} is damaged ({_first(error)}): restore its folder from a backup.") from error


def _label_entry(label: NamedLabel) -> LabelEntry:
    red, green, blue = (int(channel) for channel in label.colour)
    return LabelEntry(id=int(label.id), name=label.name, colour=(red, green, blue), synonyms=label.synonyms)


def _path_in(said: str, folder: Path) -> Path:
    """The path of a picture as `annotation.json` in this folder says it."""
    beside = said.removeprefix("../")
    return path_of(said) if beside == said else path_of(beside, folder.parent)


def _said_path(path: Path, folder: Path) -> str:
    """Absolute, unless the picture lies beside: both are moved, and given away, together."""
    beside = os.path.realpath(path.parent) == os.path.realpath(folder.parent)
    return as_text(f"../{path.name}" if beside else path)


def _picture_entry(picture: PictureIdentity, folder: Path) -> PictureEntry:
    path = None if picture.path is None else _said_path(picture.path, outermost(folder))
    return PictureEntry(
        path=path,
        checksum=picture.checksum,
        shape=picture.shape,
        dtype=picture.dtype,
        size=picture.size,
        modified=picture.modified,
    )


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}"


def _plain(value: Any) -> Any:
    """Give JSON what it can hold: a record must never be the reason why work is not saved."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
