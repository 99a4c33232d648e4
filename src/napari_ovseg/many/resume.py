"""What of an earlier run still holds: the same picture, seen in the same way, and its files are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg.categories import format_categories
from napari_ovseg.errors import LossError
from napari_ovseg.many.folder import ResultFolder
from napari_ovseg.many.jobs import Job
from napari_ovseg.many.ledger import Ledger, digest_of, digest_of_files
from napari_ovseg.many.work import contents_of
from napari_ovseg.settings import Settings
from napari_ovseg.version import __version__

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress

CHECKING = "Checking what is done"


@dataclass(frozen=True)
class Done:
    """The entry of a picture in the ledger.

    Attributes
    ----------
    made_with : str
        From `made_with`.
    contents : str
        Digest of the picture's file, all of it: that is read in no time beside segmenting it. The time of a
        file is no proof, as copying changes it, and all pictures of a microscope have one size.
    files : dict of str to str
        Digest of each file that was written, by its key in ``categories.json``.
    listed : dict
        What ``categories.json`` says of the picture.
    """

    made_with: str
    contents: str
    files: dict[str, str]
    listed: dict[str, Any]


def made_with(settings: Settings, model: Model) -> str:
    """Return a digest of all that masks depend on besides the picture."""
    names = format_categories(settings.names)
    # all fields, so that none that is added is forgotten; of the model, what was loaded counts
    loaded = {"names", "model", "checkpoint", "device"}
    choices = {one.name: getattr(settings, one.name) for one in fields(settings) if one.name not in loaded}
    weights = (model.card.name, model.checkpoint_id, str(model.device))
    return digest_of(names, choices, weights, __version__)


def digests(job: Job, results: ResultFolder) -> dict[str, str]:
    """Return the digest of each file of a picture, by its key in ``categories.json``; raises `OSError`."""
    return {kind: digest_of_files([path]) for kind, path in results.paths(job).items()}


def listed_before(
    jobs: Sequence[Job],
    ledger: Ledger,
    results: ResultFolder,
    how: str,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, dict[str, Any]]:
    """Return what ``categories.json`` says of pictures that need not be done again, by stem.

    Parameters
    ----------
    jobs : sequence of Job
    ledger : Ledger
    results : ResultFolder
    how : str
        From `made_with`, for this run.
    overwrite : bool
        Whether files may be replaced that somebody has changed since they were written.
    progress
        As in `pipeline.segment`.

    Raises
    ------
    LossError
        When a picture has to be done again and somebody has changed its files; nothing was written.
    """
    kept: dict[str, dict[str, Any]] = {}
    changed: list[Path] = []
    for number, job in enumerate(jobs, 1):
        done = _entry(job, ledger)
        if done is not None and _holds(done, job, results, how):
            # the picture may have been moved since
            kept[job.stem] = done.listed | {"image": results.named(job)}
        elif not ledger.is_begun(job.stem):
            changed += _changed(done, job, results)
        if progress is not None:
            progress(CHECKING, number, len(jobs))
    if changed and not overwrite:
        more = f" and {len(changed) - 1} more files were" if len(changed) > 1 else " was"
        raise LossError(f"{changed[0]}{more} changed since the earlier run", replaceable=True)
    return kept


def _entry(job: Job, ledger: Ledger) -> Done | None:
    """The entry of a picture, where it is one of ours."""
    stored = ledger.load(job.stem)
    try:
        done = None if stored is None else Done(**stored)
    except TypeError:
        return None
    ours = done is not None and isinstance(done.files, dict) and isinstance(done.listed, dict)
    return done if ours else None


def _holds(done: Done, job: Job, results: ResultFolder, how: str) -> bool:
    names = {kind: done.listed.get(kind) for kind in job.files}
    there = all(path.is_file() for path in results.paths(job).values())
    same_way = done.made_with == how and names == job.files
    return same_way and there and done.contents != "" and done.contents == contents_of(job)


def _changed(done: Done | None, job: Job, results: ResultFolder) -> list[Path]:
    """The files of a picture that are not as the earlier run wrote them; a person's work may be in them."""
    written = {} if done is None else done.files
    return [
        path
        for kind, path in results.paths(job).items()
        if path.is_file() and written.get(kind) != digest_of_files([path])
    ]
