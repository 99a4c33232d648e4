"""Many pictures into one folder: every clash is found before the first picture is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError
from napari_ovseg.export import (
    CATEGORIES_FILE,
    prepare_folder,
    refuse_losses,
    write_categories,
    write_labels,
    write_overlay,
)
from napari_ovseg.images import read_image, to_rgb
from napari_ovseg.wording import GUESS

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model
    from napari_ovseg.segmentation import Progress, Segmentation


@dataclass(frozen=True)
class Job:
    """One picture: what its files are called, where it comes from, and how to get its pixels."""

    stem: str
    source: str
    load: Callable[[], Any]

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

    Parameters
    ----------
    paths : iterable of str or Path
        The pictures.
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
        When there is no picture, or two would be written to the same files.
    OutputError
        When a file of the results is there already, or is one of the pictures.
    """
    files = list(dict.fromkeys(Path(path) for path in paths))
    if not files:
        raise InputError("There is no picture to segment: name at least one file.")
    jobs = [Job(file.stem, str(file), partial(read_image, file)) for file in files]
    owners: dict[str, Job] = {}
    for job in jobs:
        # Compared without case, because some file systems do so too.
        other = owners.setdefault(job.stem.casefold(), job)
        if other is not job:
            raise InputError(
                f"{other.source} and {job.source} would both be written to {job.files['masks']}: "
                "rename one, or give them different output folders."
            )
    targets = [Path(folder) / name for job in jobs for name in job.files.values()]
    targets.append(Path(folder) / CATEGORIES_FILE)
    refuse_losses(targets, files, overwrite=overwrite)
    return jobs


def segment_files(
    jobs: Sequence[Job],
    categories: Sequence[Category],
    folder: str | Path,
    *,
    model: Model,
    preset: str = "balanced",
    method: str | None = None,
    pack: str = GUESS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Segment each picture and write its files; a picture that can't be used is reported and passed over.

    Parameters
    ----------
    jobs : sequence of Job
        From `plan`.
    categories : sequence of Category
        From `categories.parse_categories`.
    folder : str or Path
        Made if it isn't there. ``categories.json`` in it is complete after every picture.
    model : Model
        From `load_model`.
    preset, method, pack, seed, progress
        As in `pipeline.segment`.

    Yields
    ------
    Result
        As soon as the files of a picture are written.

    Raises
    ------
    OutputError
        When a file can't be written.
    """
    folder = prepare_folder(folder)
    look: dict[str, Any] = {"model": model, "preset": preset, "method": method, "pack": pack}
    entries: list[dict[str, Any]] = []
    for job in jobs:
        try:
            found, entry = _segment_one(job, categories, folder, look, seed, progress)
            result = Result(job, found)
        except InputError as error:
            entry = {"image": job.source, "problem": str(error)}
            result = Result(job, problem=str(error))
        entries.append(entry)
        write_categories(
            folder / CATEGORIES_FILE,
            [category for category in categories if not category.background],
            next((category for category in categories if category.background), None),
            settings={"model": model.spec.name, "preset": preset, "seed": seed, "device": str(model.device)},
            images=entries,
        )
        yield result


def _segment_one(
    job: Job,
    categories: Sequence[Category],
    folder: Path,
    look: dict[str, Any],
    seed: int,
    progress: Progress | None,
) -> tuple[Segmentation, dict[str, Any]]:
    from napari_ovseg.pipeline import segment

    image = job.load()
    picture = to_rgb(image)
    found = segment(image, categories, **look, seed=seed, progress=progress)
    names = [category.name for category in found.categories]
    write_labels(folder / job.files["masks"], found.masks, len(names))
    write_labels(folder / job.files["pseudo_labels"], found.pseudo_labels, len(names))
    write_overlay(folder / job.files["overlay"], picture, found.masks, names, found.record.get("absent", ()))
    shares = [round(float((found.masks == number).mean()), 6) for number in range(1, len(names) + 1)]
    entry = {
        "image": job.source,
        **job.files,
        "presence": dict(zip(names, (round(float(sure), 4) for sure in found.presence), strict=True)),
        "share": dict(zip(names, shares, strict=True)),
        "record": found.record,
    }
    return found, entry
