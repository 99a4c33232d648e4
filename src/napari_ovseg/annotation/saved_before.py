"""What was saved of a picture, in a few words: what a person chooses by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.document import Document
from napari_ovseg.annotation.identity import difference
from napari_ovseg.annotation.last_save import peek
from napari_ovseg.errors import InputError


def peeked(sidecar: Path | None) -> tuple[Document | None, str]:
    """Return what a sidecar says it holds, or None and why that can't be read."""
    if sidecar is None:
        return None, ""
    try:
        return peek(sidecar), ""
    except InputError as error:
        return None, str(error)


def picture_in(sidecar: Path) -> PictureIdentity | None:
    """The picture that saved work says it is on; None where it says none, or can't be read."""
    document, _ = peeked(sidecar)
    return None if document is None else document.annotation(sidecar).picture


def others(saved: list[Path], picture: PictureIdentity) -> Iterator[tuple[Path, str]]:
    """Yield what can be read of these sidecars, each with when it was saved, and how much it is."""
    for sidecar in saved:
        document, _problem = peeked(sidecar)
        if document is not None:
            before = picture_in(sidecar)
            of = " (of another picture)" if before is not None and difference(before, picture) else ""
            yield sidecar, f"{document.saved_at()}: {_amount(document)}{of}"


def summary(document: Document) -> str:
    """Say that there is work, when it was saved, and how much it is."""
    return f"There is work on this picture from {document.saved_at()}: {_amount(document)}."


def _amount(document: Document) -> str:
    done = sum(entry.done for entry in document.slices)
    parts = [_counted(len(document.labels), "category", "categories")]
    if any(entry.position for entry in document.slices):
        parts.append(_counted(len(document.slices), "slice", "slices"))
    if done:
        parts.append(f"{done} done" if len(document.slices) > 1 else "done")
    return ", ".join(parts)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
