"""Segment many pictures: what is done is kept at once, whatever ends the run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg.atomic import remove_parts
from napari_ovseg.errors import NoRoomError, OutputError
from napari_ovseg.export import CATEGORIES_FILE, write_categories
from napari_ovseg.export.passed_on import passed_on
from napari_ovseg.many.executor import Executor, InThisProcess
from napari_ovseg.many.folder import ResultFolder
from napari_ovseg.many.jobs import Job, Result, problem_of, run_ledger
from napari_ovseg.many.resume import Done, digests, listed_before, made_with
from napari_ovseg.many.work import Work
from napari_ovseg.settings import Settings

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress


def segment_files(
    jobs: Sequence[Job],
    settings: Settings,
    folder: str | Path,
    *,
    model: Model,
    resume: bool = False,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Generator[Result, None, None]:
    """Segment each picture and write its files; whatever goes wrong with one is reported, the rest is done.

    Parameters
    ----------
    jobs : sequence of Job
        From `plan`.
    settings : Settings
        The names to look for, and how.
    folder : str or Path
        Made if it isn't there. ``categories.json`` in it is written once, when the run ends: also where it
        ends by an error, by Ctrl+C, or because the caller asks for no further result.
    model : Model
        From `load_model`.
    resume : bool
        Leave pictures alone that an earlier run has done: the same picture, settings, model, device and
        version of this package, and its files are there. Give it to `plan` too.
    overwrite : bool
        Whether files may be replaced, when going on, that somebody has changed since they were written.
    executor : Executor, optional
        Who does the jobs; by default this process, one after the other.
    progress
        As in `pipeline.segment`.

    Yields
    ------
    Result
        Those that are kept first; then each as soon as the files of the picture are written.

    Raises
    ------
    ModelError
        When the model fails: it would with the next picture too.
    LossError
        When going on would replace what somebody has changed; nothing was written.
    OutputError
        When the disk is full, or ``categories.json`` can't be written.
    """
    run = _Run(jobs, settings, ResultFolder(folder), model)
    if resume:
        run.go_on(overwrite=overwrite, progress=progress)
    todo = [job for job in jobs if job.stem not in run.listed]
    executor = executor or InThisProcess(model, progress)
    try:
        yield from (Result(job, kept=True) for job in jobs if job.stem in run.listed)
        for result in executor.map(Work(settings), todo):
            yield run.take(result)
    except BaseException:
        # what ended the run is what a person has to hear of
        with suppress(OutputError):
            run.write_list()
        raise
    run.write_list()


class _Run:
    """A run on its way: what is done so far, in the folder, in the ledger and for ``categories.json``."""

    def __init__(self, jobs: Sequence[Job], settings: Settings, results: ResultFolder, model: Model) -> None:
        self.jobs, self.settings, self.results, self.model = jobs, settings, results, model
        self.ledger = run_ledger(results.folder)
        self.how = made_with(settings, model)
        # by stem: results come in any order
        self.listed: dict[str, dict[str, Any]] = {}

    def go_on(self, *, overwrite: bool, progress: Progress | None) -> None:
        """Keep what an earlier run has done, and clear up what it has left half written."""
        self.listed = listed_before(
            self.jobs, self.ledger, self.results, self.how, overwrite=overwrite, progress=progress
        )
        remove_parts(self.results.folder / CATEGORIES_FILE)
        for job in self.jobs:
            if self.ledger.is_begun(job.stem):
                self.results.clear_up(job)
                self.ledger.clear_up(job.stem)

    def take(self, result: Result) -> Result:
        """Write what was found in a picture; where that fails, the result says so."""
        job = result.job
        if result.segmentation is not None:
            try:
                self.listed[job.stem] = self._write(result)
                return replace(result, picture=None)
            except NoRoomError:
                raise
            except Exception as error:
                result = Result(job, problem=problem_of(job, error))
        self.listed[job.stem] = {"image": self.results.named(job), "problem": result.problem}
        return result

    def _write(self, result: Result) -> dict[str, Any]:
        """Write the files of a picture, then what makes it count as done; or neither."""
        job = result.job
        assert result.picture is not None
        assert result.segmentation is not None
        self.ledger.begin(job.stem)
        try:
            listed = self.results.write(job, result.picture, result.segmentation)
            try:
                done = Done(self.how, result.contents, digests(job, self.results), listed)
                self.ledger.save(job.stem, asdict(done))
            except BaseException:
                self.results.remove(job)
                raise
        finally:
            self.ledger.end(job.stem)
        return listed

    def write_list(self) -> None:
        """Write ``categories.json``; other pictures that the ledger knows are in it no more."""
        if not self.listed:
            return
        settings = self.settings
        write_categories(
            self.results.folder / CATEGORIES_FILE,
            settings.sought,
            settings.background_words,
            settings=passed_on(
                {
                    "model": self.model.card.name,
                    "preset": settings.preset,
                    "seed": settings.seed,
                    "device": str(self.model.device),
                },
                self.results.folder,
            ),
            images=[self.listed[job.stem] for job in self.jobs if job.stem in self.listed],
        )
        self.ledger.prepare()
        self.ledger.forget(self.ledger.others(job.stem for job in self.jobs))
