"""Many pictures into one folder: every clash is found before the first picture is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg.errors import Cancelled, InputError, ModelError, NoRoomError, OutputError
from napari_ovseg.export import (
    CATEGORIES_FILE,
    prepare_folder,
    refuse_losses,
    write_categories,
    write_labels,
    write_overlay,
)
from napari_ovseg.export.passed_on import passed_on
from napari_ovseg.file_names import as_text, at_home, distinct_stems, resolved, seen_from
from napari_ovseg.images import to_rgb
from napari_ovseg.pictures import Picture, read_flat_picture
from napari_ovseg.settings import Settings

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress, Segmentation


@dataclass(frozen=True)
class Job:
    """One picture.

    Attributes
    ----------
    stem : str
        What its files are called.
    source : str
        Where it comes from, as a person named it.
    load : callable
        Reads it.
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
        return {
            "masks": f"{self.stem}_masks.png",
            "pseudo_labels": f"{self.stem}_pseudo.png",
            "overlay": f"{self.stem}_overlay.png",
        }


@dataclass(frozen=True)
class Result:
    """What became of one job: a segmentation, or the reason why there is none."""

    job: Job
    segmentation: Segmentation | None = None
    problem: str = ""


def plan(paths: Iterable[str | Path], folder: str | Path, *, overwrite: bool = False) -> list[Job]:
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

    Returns
    -------
    list of Job

    Raises
    ------
    InputError
        When there is no picture.
    OutputError
        When a file of the results is there already, or is one of the pictures.
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
    targets = [Path(folder) / name for job in jobs for name in job.files.values()]
    targets.append(Path(folder) / CATEGORIES_FILE)
    refuse_losses(targets, files, overwrite=overwrite)
    return jobs


def segment_files(
    jobs: Sequence[Job],
    settings: Settings,
    folder: str | Path,
    *,
    model: Model,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Segment each picture and write its files; whatever goes wrong with one is reported, the rest is done.

    Parameters
    ----------
    jobs : sequence of Job
        From `plan`.
    settings : Settings
        The names to look for, and how.
    folder : str or Path
        Made if it isn't there. ``categories.json`` in it is complete after every picture.
    model : Model
        From `load_model`.
    progress
        As in `pipeline.segment`.

    Yields
    ------
    Result
        As soon as the files of a picture are written.

    Raises
    ------
    ModelError
        When the model fails: it would with the next picture too.
    OutputError
        When the disk is full, or ``categories.json`` can't be written.
    """
    folder = prepare_folder(folder)
    entries: list[dict[str, Any]] = []
    for job in jobs:
        try:
            found, entry = _segment_one(job, settings, folder, model, progress)
            result = Result(job, found)
        except (ModelError, NoRoomError, Cancelled):
            raise
        except Exception as error:
            result = Result(job, problem=_problem(job, error))
            entry = {"image": _named(job, folder), "problem": result.problem}
        entries.append(entry)
        write_categories(
            folder / CATEGORIES_FILE,
            settings.sought,
            settings.background_words,
            settings={
                "model": model.card.name,
                "preset": settings.preset,
                "seed": settings.seed,
                "device": str(model.device),
            },
            images=entries,
        )
        yield result


def _segment_one(
    job: Job,
    settings: Settings,
    folder: Path,
    model: Model,
    progress: Progress | None,
) -> tuple[Segmentation, dict[str, Any]]:
    from napari_ovseg.pipeline import segment

    read = job.load()
    picture = to_rgb(read.pixels)
    found = segment(read.pixels, settings, model=model, progress=progress)
    names = [category.name for category in found.categories]
    absent = found.record.get("absent", ())
    masks, pseudo_labels, overlay = (folder / name for name in job.files.values())
    written: list[Path] = []
    try:
        for path, labels in ((masks, found.masks), (pseudo_labels, found.pseudo_labels)):
            write_labels(path, labels, len(names))
            written.append(path)
        write_overlay(overlay, picture, found.masks, names, absent)
    except BaseException:
        # what categories.json doesn't list is nobody's; what was not replaced yet is of an earlier run
        for path in written:
            path.unlink(missing_ok=True)
        raise
    shares = [round(float((found.masks == number).mean()), 6) for number in range(1, len(names) + 1)]
    entry = {
        "image": _named(job, folder),
        **job.files,
        "pixel_size": read.pixel_size,
        "unit": read.unit,
        "presence": dict(zip(names, (round(float(sure), 4) for sure in found.presence), strict=True)),
        "share": dict(zip(names, shares, strict=True)),
        "record": passed_on(found.record, folder),
    }
    return found, entry


def _read(file: Path) -> Picture:
    if file.is_dir():
        raise InputError(f"There is no picture in {file}: name a folder of PNG, JPEG, TIFF and so on.")
    return read_flat_picture(file)


def _named(job: Job, folder: Path) -> str:
    """How a file in this folder names the picture."""
    return job.source if job.path is None else seen_from(folder, job.path)


def _problem(job: Job, error: Exception) -> str:
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
