"""What was saved of a picture that is being opened, and what a person should know before going on with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ovseg import __version__
from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.document import Document
from napari_ovseg.annotation.identity import difference, identify
from napari_ovseg.annotation.places import (
    can_hold_sidecar,
    own_folder,
    own_sidecars,
    saved_sidecars,
    sidecar_folder,
)
from napari_ovseg.annotation.sidecar import peek
from napari_ovseg.errors import InputError


@dataclass(frozen=True)
class Found:
    """Where the work on a picture belongs, and what is there.

    Attributes
    ----------
    place : Path
        Where new work on it is to be saved.
    picture : PictureIdentity
        As it is now.
    sidecar : Path, optional
        What was saved last, be it under another number or in the user's own folder.
    summary : str
        When it was saved, and how much it is; or why it can't be read.
    remarks : tuple of str
        What has changed since: the picture, the model.
    readable : bool
        Whether it can be resumed.
    """

    place: Path
    picture: PictureIdentity
    sidecar: Path | None = None
    summary: str = ""
    remarks: tuple[str, ...] = ()
    readable: bool = False


def look_up(
    name: str,
    pixels: Any,
    path: str | Path | None = None,
    *,
    elsewhere: str | Path | None = None,
    model: str | None = None,
    part: str = "",
) -> Found:
    """Find what was saved of a picture. Reads the whole file once, later only if it has changed.

    Parameters
    ----------
    name : str
        Of the layer; finds a picture without a file again.
    pixels : array-like
        The full resolution of it.
    path : str or Path, optional
        Its file or folder.
    elsewhere : str or Path, optional
        The folder of the user's choice for all sidecars.
    model : str, optional
        The model that is chosen now.
    part : str
        Which picture of a file with several, such as the name of a channel.

    Returns
    -------
    Found
    """
    file = Path(path).absolute() if path is not None and Path(path).exists() else None
    if file is None:
        picture = identify(pixels, path=path)
        own = own_folder(name, picture)
        places = [own if elsewhere is None else Path(elsewhere) / own.name]
    else:
        places = _places_of(file, elsewhere, part)
    saved = [sidecar for place in dict.fromkeys(places) for sidecar in saved_sidecars(place)]
    latest = max(saved, key=lambda sidecar: (sidecar / "annotation.json").stat().st_mtime_ns, default=None)
    document, problem = _peek(latest)
    before = None if document is None or latest is None else document.annotation(latest).picture
    if file is not None:
        picture = _identify(pixels, file, before)
    changed = None if before is None else difference(before, picture)
    about = [] if document is None else model_remarks(document, model)
    return Found(
        place=places[0],
        picture=picture,
        sidecar=latest,
        summary=problem if document is None else _summary(document),
        remarks=tuple(([changed] if changed else []) + about),
        readable=document is not None,
    )


def model_remarks(document: Document, chosen: str | None = None) -> list[str]:
    """Say how the model that work was made with differs from what is here, one sentence each.

    Parameters
    ----------
    document : Document
        The saved work, with the record of its runs.
    chosen : str, optional
        The model that is chosen now.
    """
    records = [entry.record for entry in document.slices if entry.record.get("model")]
    found = []
    for model, checkpoint in dict.fromkeys((str(r["model"]), str(r.get("checkpoint", ""))) for r in records):
        sentence = _availability(model, checkpoint)
        if sentence:
            found.append(sentence)
        if chosen is not None and chosen != model:
            found.append(f"It was made with the model '{model}', and '{chosen}' is chosen now.")
    versions = {str(record.get("versions", {}).get("napari-ovseg", __version__)) for record in records}
    for version in sorted(versions - {__version__}):
        found.append(
            f"It was made with napari-ovseg {version} and this is {__version__}: a new run may differ."
        )
    return found


def _availability(model: str, checkpoint: str) -> str | None:
    """Whether the weights of a record are the ones here."""
    from napari_ovseg.clip.download import is_cached
    from napari_ovseg.clip.registry import MODELS

    if checkpoint and Path(checkpoint).is_absolute():
        there = Path(checkpoint).is_file()
        return (
            None if there else f"Its weights, {checkpoint}, are no longer there: updates work without them."
        )
    spec = MODELS.get(model)
    # To look further would import PyTorch, only because a picture was opened; a run says whether it is there.
    if spec is None:
        return None
    if checkpoint and spec.checkpoint != checkpoint:
        return f"It was made with the weights '{checkpoint}' of '{model}'; here they are '{spec.checkpoint}'."
    if not is_cached(spec):
        return (
            f"The weights of '{model}' are not on this machine: updates work without them, Run fetches them."
        )
    return None


def _identify(pixels: Any, file: Path, known: PictureIdentity | None) -> PictureIdentity:
    try:
        return identify(pixels, path=file, known=known)
    except InputError:
        # It was opened, so its pixels are there, whatever has become of the file since.
        return identify(pixels)


def _places_of(file: Path, elsewhere: str | Path | None, part: str) -> list[Path]:
    """Where sidecars of a file may be; new work goes to the first."""
    beside, own = sidecar_folder(file, None, part), sidecar_folder(file, own_sidecars(), part)
    places = [beside, own] if can_hold_sidecar(beside) else [own, beside]
    return places if elsewhere is None else [sidecar_folder(file, elsewhere, part), *places]


def _peek(sidecar: Path | None) -> tuple[Document | None, str]:
    if sidecar is None:
        return None, ""
    try:
        return peek(sidecar), ""
    except InputError as error:
        return None, str(error)


def _summary(document: Document) -> str:
    done = sum(entry.done for entry in document.slices)
    parts = [_counted(len(document.labels), "category", "categories")]
    if any(entry.position for entry in document.slices):
        parts.append(_counted(len(document.slices), "slice", "slices"))
    if done:
        parts.append(f"{done} done" if len(document.slices) > 1 else "done")
    return f"There is work on this picture from {document.saved_at()}: {', '.join(parts)}."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
