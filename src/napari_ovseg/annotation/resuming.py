"""What was saved of a picture that is being opened, and what a person should know before going on with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.choices import choices_of, model_remarks
from napari_ovseg.annotation.identity import difference, identify, identify_stack
from napari_ovseg.annotation.last_save import last_saved, peek, state_of
from napari_ovseg.annotation.places import (
    can_hold_sidecar,
    own_folder,
    own_sidecars,
    saved_sidecars,
    sidecar_folder,
)
from napari_ovseg.annotation.saved_before import others, peeked, picture_in, summary
from napari_ovseg.annotation.stacks import is_work_on, stack_part
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text


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
        What was saved last, be it in another folder.
    summary : str
        When it was saved, and how much it is; or why it can't be read.
    remarks : tuple of str
        What has changed since: the picture, the model.
    readable : bool
        Whether it can be resumed.
    name, part : str
        As in `look_up`; the part also tells a stack of files from its first file.
    file : Path, optional
        Of the picture, where there is one.
    choices : dict
        What the work was made with, see `choices_of`.
    problem : str
        Why it could not be looked for; there may be saved work all the same.
    state : str, optional
        Of what is at `place`, see `last_save.state_of`: new work sets it aside.
    others : tuple of (Path, str)
        Other work on it, last saved first, with its summary: earlier states, and what ran beside it.
    """

    place: Path
    picture: PictureIdentity
    sidecar: Path | None = None
    summary: str = ""
    remarks: tuple[str, ...] = ()
    readable: bool = False
    name: str = ""
    part: str = ""
    file: Path | None = None
    choices: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    state: str | None = None
    others: tuple[tuple[Path, str], ...] = ()

    def saved_in(self, elsewhere: str | Path | None) -> Found:
        """Return the same with the place for new work in another folder, or beside the picture again."""
        place = _places(self.name, self.picture, self.file, elsewhere, self.part)[0]
        return replace(self, place=place, state=state_of(place))

    def without_offer(self) -> Found:
        """Return the same with nothing to resume: a person has started afresh."""
        return replace(self, sidecar=None, readable=False)

    def instead(self, sidecar: Path) -> Found:
        """Return the same with other work to resume, one of `others`; raises InputError as `peek` does."""
        return replace(self, sidecar=sidecar, readable=True, choices=choices_of(peek(sidecar)))


def look_up(
    name: str,
    pixels: Any,
    path: str | Path | None = None,
    *,
    elsewhere: str | Path | None = None,
    earlier: Sequence[str | Path] = (),
    model: str | None = None,
    part: str = "",
    files: Sequence[Path] = (),
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
    earlier : sequence of str or Path
        Folders that were chosen before, where there may be work too.
    model : str, optional
        The model that is chosen now.
    part : str
        Which picture of a file with several, such as the name of a channel.
    files : sequence of Path
        All files of a stack, in order, of which `path` is the first; none for a picture of one file.

    Returns
    -------
    Found
    """
    file = Path(path).absolute() if path is not None and Path(path).exists() else None
    picture = identify(pixels, path=path) if file is None else _with_shape(file, pixels)
    own_part = _own_part(part, files)
    # a stack was once saved as if it were its first file
    parts, folders = dict.fromkeys((own_part, part)), dict.fromkeys((elsewhere, *earlier))
    places = [at for one in parts for folder in folders for at in _places(name, picture, file, folder, one)]
    saved = _saved_in(places, picture, files)
    latest = saved[0] if saved else None
    document, problem = peeked(latest)
    before = None if latest is None else picture_in(latest)
    if file is not None:
        picture = _identify(pixels, file, before, files)
    changed = None if before is None else _changed(before, picture, files)
    about = [] if document is None else model_remarks(document, model)
    return Found(
        place=places[0],
        picture=picture,
        sidecar=latest,
        summary=problem if document is None else summary(document),
        remarks=tuple(([changed] if changed else []) + about),
        readable=document is not None,
        name=name,
        part=own_part,
        file=file,
        choices={} if document is None else choices_of(document),
        state=state_of(places[0]),
        others=tuple(others(saved[1:], picture)),
    )


def _saved_in(places: list[Path], picture: PictureIdentity, files: Sequence[Path]) -> list[Path]:
    """The sidecars at these places that are work on the picture, last saved first."""
    there = [sidecar for place in dict.fromkeys(places) for sidecar in saved_sidecars(place)]
    work = [sidecar for sidecar in there if is_work_on(picture_in(sidecar), picture, files)]
    return sorted(dict.fromkeys(work), key=last_saved, reverse=True)


def not_looked_up(
    name: str,
    pixels: Any,
    path: str | Path | None = None,
    *,
    elsewhere: str | Path | None = None,
    part: str = "",
    files: Sequence[Path] = (),
    reason: str,
) -> Found:
    """Return where work on a picture goes when `look_up` has failed: a folder that needs no looking.

    Parameters
    ----------
    reason : str
        Why it failed, a sentence. Other parameters as in `look_up`.

    Returns
    -------
    Found
        In `elsewhere` or in the user's own folder; nothing there is overwritten.
    """
    file = None if path is None else Path(path).absolute()
    with suppress(OSError):
        # where even this can't be told, it is taken to be there
        file = file if file is not None and file.exists() else None
    try:
        picture = identify(pixels)
    # whatever keeps the pixels from being read must not keep the work from being saved
    except Exception:
        seen = as_text(f"{name} {file} {getattr(pixels, 'shape', '')}").encode()
        checksum = f"name:{hashlib.blake2b(seen, digest_size=16).hexdigest()}"
        picture = PictureIdentity(None, checksum, (), "")
    picture = replace(picture, path=file)
    part = _own_part(part, files)
    folder = own_sidecars() if elsewhere is None else elsewhere
    place = _places(name, picture, file, folder, part)[0]
    return Found(place, picture, name=name, part=part, file=file, problem=reason)


def _own_part(part: str, files: Sequence[Path]) -> str:
    return "-".join(filter(None, (part, stack_part(files))))


def _with_shape(file: Path, pixels: Any) -> PictureIdentity:
    """What is known of a picture before its file is read."""
    shape = tuple(int(n) for n in getattr(pixels, "shape", ()))
    return PictureIdentity(file, "", shape, "")


def _identify(
    pixels: Any, file: Path, known: PictureIdentity | None, files: Sequence[Path]
) -> PictureIdentity:
    try:
        if files:
            return identify_stack(pixels, files, known=known)
        return identify(pixels, path=file, known=known)
    except InputError:
        # It was opened, so its pixels are there, whatever has become of the file since.
        return identify(pixels)


def _changed(before: PictureIdentity, now: PictureIdentity, files: Sequence[Path]) -> str | None:
    """What has changed of a picture since it was annotated."""
    if files and before.checksum.partition(":")[0] in ("file", "file-sample"):
        # the stack was saved as if it were its first file, of which alone it can be told
        with suppress(InputError):
            now = replace(now, checksum=identify(files[0]).checksum)
    return difference(before, now)


def _places(
    name: str, picture: PictureIdentity, file: Path | None, elsewhere: str | Path | None, part: str
) -> list[Path]:
    """Where sidecars of a picture may be; new work goes to the first."""
    if file is None:
        own = own_folder(name, picture)
        return [own] if elsewhere is None else [Path(elsewhere) / own.name, own]
    own = sidecar_folder(file, own_sidecars(), part)
    beside = sidecar_folder(file, None, part)
    places = [beside, own] if can_hold_sidecar(beside) else [own, beside]
    return places if elsewhere is None else [sidecar_folder(file, elsewhere, part), *places]
