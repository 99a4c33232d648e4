"""Saving an annotation beside its picture, so that whatever happens the last saved state is there, whole.

A sidecar is a folder: ``annotation.json`` and one file of arrays per slice. A save writes the slices that
changed under new names, then replaces ``annotation.json`` in one step, then removes the files that it no
longer names. Killed at any moment, what ``annotation.json`` names is complete. A lock keeps two saves apart,
see `lock`; a save whose author has not seen the state on the disk is refused.
Work that is begun afresh sets aside what is there, see `inside`.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path

from napari_ovseg.annotation import slice_file
from napari_ovseg.annotation.annotation import Annotation, Position, SliceAnnotation
from napari_ovseg.annotation.document import (
    DOCUMENT,
    Document,
    SliceEntry,
    document_of,
    slice_entry,
)
from napari_ovseg.annotation.inside import set_aside
from napari_ovseg.annotation.last_save import last_document, peek
from napari_ovseg.annotation.lock import locked
from napari_ovseg.atomic import flush_names, prepare_folder, write_atomically
from napari_ovseg.errors import ConflictError, IncompleteError, InputError

# What this file itself writes, and nothing of a person's: only such files are ever removed.
_OURS = re.compile(r"slice(-\d+)*-[0-9a-f]{8}\.npz|\.((slice-.*|annotation\.json)\.)?[0-9a-f]{8}\.part")


def load(folder: str | Path) -> Annotation:
    """Read the last saved state of an annotation.

    Parameters
    ----------
    folder : str or Path
        A sidecar, such as ``cells.tif.ovseg``.

    Returns
    -------
    Annotation
        Of each slice the masks ``(H, W)``, the human pixels ``(H, W)`` of the same dtype, and what else was
        known of it, see `SliceAnnotation`. All arrays are in memory and the caller's own.

    Raises
    ------
    InputError
        When nothing is saved there, or it is damaged or of a newer version; says which file.
    """
    return Sidecar(folder).load()


def save(annotation: Annotation, folder: str | Path, *, overwrite: bool = False) -> None:
    """Write an annotation once; a program that saves again and again should use `Sidecar.save`.

    Parameters
    ----------
    annotation : Annotation
        Of each slice the masks ``(H, W)`` in uint8 or uint16 and the human pixels ``(H, W)`` of the same
        dtype, void where nobody painted, see `SliceAnnotation`.
    folder : str or Path
        Made if it isn't there.
    overwrite : bool
        Replace what is saved there, which otherwise is an error.

    Raises
    ------
    ConflictError
        When there is saved work already, and `overwrite` is not set; nothing was written.
    OutputError
        When the folder can't be written or is full; what was saved there is still there, whole.
    InputError
        When the annotation holds what can't be stored, such as arrays of different shapes.
    """
    Sidecar(folder).save(annotation, overwrite=overwrite)


class Sidecar:
    """The folder of one picture as one author sees it: what it has loaded or saved, it may replace.

    Parameters
    ----------
    folder : str or Path
        Need not exist before the first save.
    other : str, optional
        Other work that is there, see `last_save.state_of`: the first save sets it aside.

    Attributes
    ----------
    set_aside : Path or None
        Where the last save has set aside what was there, if it has.
    """

    def __init__(self, folder: str | Path, *, other: str | None = None) -> None:
        self.folder = Path(folder)
        self.set_aside: Path | None = None
        self._seen: str | None = None
        self._other = other
        self._before: Sidecar | None = None

    def begun_afresh(self) -> Sidecar:
        """Return the same folder for other work; its first save sets aside what this object has saved."""
        afresh = Sidecar(self.folder, other=self._other)
        # asked only when it is saved: a save of this one may be under way
        afresh._before = self
        return afresh

    def load(self, *, without_damaged: bool = False) -> Annotation:
        """Read the last saved state.

        Parameters
        ----------
        without_damaged : bool
            Leave out slices whose files are missing or damaged, which otherwise is an error. What remains is
            not saved over them: a `save` sets them aside.

        Returns
        -------
        Annotation

        Raises
        ------
        InputError
            When there is nothing saved, or it is damaged or of a newer version; says which file.
        """
        while True:
            document = peek(self.folder)
            try:
                annotation, damaged = self._slices(document, without_damaged)
            except InputError:
                now = last_document(self.folder)
                # Another program saved while the slices were read, and removed what it had replaced.
                if now is not None and now.generation != document.generation:
                    continue
                raise
            self._seen = None if damaged else document.generation
            self._other = document.generation if damaged else None
            return annotation

    def save(
        self,
        annotation: Annotation,
        changed: Collection[Position] | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Write the slices that changed, and all else.

        Parameters
        ----------
        annotation : Annotation
            Must not be changed by another thread meanwhile.
        changed : collection of positions, optional
            The slices to write; the arrays of others are never looked at, so they may be changed meanwhile.
            By default all are compared.
        overwrite : bool
            Replace a state that this object has neither loaded nor saved.

        Raises
        ------
        ConflictError
            When somebody else has saved here since; nothing was written.
        IncompleteError
            When a slice that is not among `changed` is not on the disk as this object has saved it: call it
            again without `changed`.
        OutputError
            When the folder can't be written or is full; the last saved state is still there, whole.
        InputError
            When the annotation holds what can't be stored.
        """
        self.set_aside = None
        if not self.folder.is_dir():
            prepare_folder(self.folder)
        with locked(self.folder):
            there = self._to_replace(overwrite)
            try:
                entries = tuple(self._write_slices(annotation, changed, there))
                flush_names(self.folder)
                document = document_of(annotation, entries, secrets.token_hex(8), self.folder)
                write_atomically(self.folder / DOCUMENT, document.write)
                flush_names(self.folder)
                self._seen = document.generation
            finally:
                self._remove_unnamed()

    def _slices(self, document: Document, without_damaged: bool) -> tuple[Annotation, list[Position]]:
        annotation = document.annotation(self.folder)
        damaged = []
        for entry in document.slices:
            try:
                annotation.slices[entry.position] = slice_file.read(self.folder / entry.file, entry)
            except InputError:
                if not without_damaged:
                    raise
                damaged.append(entry.position)
        return annotation, damaged

    def _to_replace(self, overwrite: bool) -> Document | None:
        """What is on the disk and may be replaced; other work, where it is known, is set aside first."""
        try:
            there = last_document(self.folder)
        except InputError as error:
            if self._other == "":
                self.set_aside = set_aside(self.folder, DOCUMENT)
            elif not overwrite:
                raise ConflictError(f"Nothing was saved over what can't be read. {error}") from error
            return None
        if there is None or overwrite or there.generation == self._seen:
            return there
        before = None if self._before is None else self._before._seen
        if there.generation in (before, self._other):
            self.set_aside = set_aside(self.folder, DOCUMENT)
            return there
        raise ConflictError(
            f"{self.folder} holds other work, saved at {there.saved_at()} on {there.saved.host}, "
            "which was not overwritten: open that work, or choose another folder."
        )

    def _write_slices(
        self, annotation: Annotation, changed: Collection[Position] | None, there: Document | None
    ) -> Iterator[SliceEntry]:
        before = {entry.position: entry for entry in there.slices} if there is not None else {}
        ours = there is not None and there.generation == self._seen
        for position, content in sorted(annotation.slices.items()):
            old = before.get(position)
            if old is not None and not (self.folder / old.file).is_file():
                old = None
            if changed is not None and position not in changed:
                if old is None or not ours:
                    raise IncompleteError(f"Slice {position} is not in {self.folder}: save all slices.")
                yield slice_entry(position, content, old.file, old.digest)
            else:
                yield self._write_slice(position, content, old)

    def _write_slice(
        self, position: Position, content: SliceAnnotation, old: SliceEntry | None
    ) -> SliceEntry:
        arrays = slice_file.pack(content)
        digest = slice_file.digest_of(arrays)
        if old is not None and old.digest == digest:
            return slice_entry(position, content, old.file, digest)
        name = "-".join(["slice", *map(str, position), secrets.token_hex(4)]) + ".npz"
        write_atomically(self.folder / name, lambda file: slice_file.write(file, arrays))
        return slice_entry(position, content, name, digest)

    def _remove_unnamed(self) -> None:
        """Remove what an earlier state, or a save that failed or was killed, has left."""
        # Housekeeping: what can't be read is not touched, and what can't be removed now will be next time.
        with contextlib.suppress(InputError, OSError):
            document = last_document(self.folder)
            named = {entry.file for entry in document.slices} if document is not None else set()
            for path in self.folder.iterdir():
                if path.name not in named and _OURS.fullmatch(path.name):
                    with contextlib.suppress(OSError):
                        path.unlink()
