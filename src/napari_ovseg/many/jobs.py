"""One job for each picture: what its files are called, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.atomic import refuse_losses
from napari_ovseg.errors import InputError, LossError, OutputError
from napari_ovseg.export import CATEGORIES_FILE
from napari_ovseg.file_names import as_text, at_home, distinct_stems, resolved
from napari_ovseg.many.ledger import Ledger
from napari_ovseg.pictures import Picture, read_flat_picture

if TYPE_CHECKING:
    from napari_ovseg.segmentation import Segmentation


@dataclass(frozen=True)
class Job:
    """One picture, as data that another process can be given.

    Attributes
    ----------
    stem : str
        What its files are called; no other job of the run has it.
    source : str
        Where it comes from, as a person named it.
    load : callable
        Reads it; can be pickled.
    path : Path, optional
        Its file, absolute.
    """

    stem: str
    source: str
    load: Callable[[], Picture]
    path: Path | None = None

    @property
    def files(self) -> dict[str, str]:
        """The name of each file that is written for this picture."""
        return files_of(self.stem)


@dataclass(frozen=True)
class Result:
    """What became of one job: a segmentation, or the reason why there is none, or what was there before.

    Attributes
    ----------
    job : Job
    segmentation : Segmentation or None
        None where there is a problem, and where it was done before.
    problem : str
        Why there is none, in a sentence that names the picture.
    kept : bool
        Whether its files were there already, from a run that was stopped, and were left alone.
    picture : Picture or None
        What was segmented, until its files are written.
    contents : str
        Digest of the picture's file before it was read; "" for what is no file.
    """

    job: Job
    segmentation: Segmentation | None = None
    problem: str = ""
    kept: bool = False
    picture: Picture | None = None
    contents: str = ""


def files_of(stem: str) -> dict[str, str]:
    """The name of each file that is written for a picture of this stem."""
    return {
        "masks": f"{stem}_masks.png",
        "pseudo_labels": f"{stem}_pseudo.png",
        "overlay": f"{stem}_overlay.png",
    }


def run_ledger(folder: Path) -> Ledger:
    """Return the ledger of a folder of results.

    It stays when the run is whole: where pictures are added, mended or changed later, the others need not be
    done again. Its name begins with a dot, so that neither people nor programs take it for results.
    """
    return Ledger(folder / ".segmented")


def plan(
    paths: Iterable[str | Path], folder: str | Path, *, overwrite: bool = False, resume: bool = False
) -> list[Job]:
    """Name the files that segmenting these pictures will write, and refuse what would lose any.

    Pictures that share a name get stems that tell them apart, see `file_names.distinct_stems`.

    Parameters
    ----------
    paths : iterable of str or Path
        The pictures. A path that was given twice counts once.
    folder : str or Path
        Where the results go.
    overwrite : bool
        Whether results of an earlier run may be replaced. Input pictures never are.
    resume : bool
        Whether to go on with an earlier run: what the ledger knows of is no clash.

    Returns
    -------
    list of Job

    Raises
    ------
    InputError
        When there is no picture.
    OutputError
        When a file of the results is there already, or is one of the pictures; with `resume`, when the ledger
        knows pictures that are not among these, which ``categories.json`` would list no more.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        files.setdefault(resolved(path), at_home(path))
    if not files:
        raise InputError("There is no picture to segment: name at least one file.")
    stems = distinct_stems([(file.stem, file) for file in files])
    jobs = [
        Job(stem, as_text(typed), partial(_read, typed), file)
        for stem, (file, typed) in zip(stems, files.items(), strict=True)
    ]
    folder = Path(folder)
    ledger = run_ledger(folder)
    if resume and not overwrite:
        _refuse_others(ledger.others(stems), folder)
    known = ledger.names() if resume else set()
    ours: list[Path] = []
    new: list[Path] = []
    for job in jobs:
        (ours if job.stem in known else new).extend(folder / name for name in job.files.values())
    (ours if resume and ledger.folder.is_dir() else new).append(folder / CATEGORIES_FILE)
    refuse_losses(ours, files, overwrite=True)
    refuse_losses(new, files, overwrite=overwrite)
    return jobs


def problem_of(job: Job, error: Exception) -> str:
    """Say in one sentence why there is nothing for a picture, and of which one."""
    if isinstance(error, InputError | OutputError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "there is not enough memory for it: make it smaller, or choose the preset fast."
    else:
        text = (
            f"it could not be segmented ({type(error).__name__}: {as_text(str(error))}): please report this."
        )
    known = {job.source, "" if job.path is None else as_text(job.path)} - {""}
    return text if any(name in text for name in known) else f"{job.source}: {text}"


def _refuse_others(done: Sequence[str], folder: Path) -> None:
    """Refuse to go on with a run that has done other pictures too: the map of names would lose them."""
    if done:
        more = f" and {len(done) - 1} more" if len(done) > 1 else ""
        raise LossError(
            f"{folder} holds results of pictures that are not named now ({done[0]}{more}), and "
            f"{CATEGORIES_FILE} would list them no more",
            replaceable=True,
        )


def _read(file: Path) -> Picture:
    if file.is_dir():
        raise InputError(f"There is no picture in {file}: name a folder of PNG, JPEG, TIFF and so on.")
    return read_flat_picture(file)
