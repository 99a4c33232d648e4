"""Who does the jobs: this process, one after the other, or others that keep the same contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from napari_ovseg.many.jobs import Job, Result
from napari_ovseg.many.work import Work

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress


class Executor(Protocol):
    """Does jobs, wherever that is.

    Work and jobs are data that can be pickled. Whoever does a job loads the model, once, as ``work.settings``
    says: no model is sent. Files are written by the one who asks, and by nobody else.
    """

    def map(self, work: Work, jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield one result for each job.

        - Order: any. A result says which job it is of.
        - Failures: what is wrong with one picture is in its result. What `work` raises would go wrong with
          every picture: it is raised here, and no further job is begun.
        - Back-pressure: jobs are taken from the iterable as results are asked for, a bounded number ahead.
          While nobody asks, results don't pile up.
        - Loss: the job of a worker that died is done again. That does no harm, as a job writes nothing and
          gives the same masks each time. One that kills every worker ends as a result with a problem.
        - Stopping: once the iterator is closed no job is begun, and results not asked for are dropped.

        Parameters
        ----------
        work : Work
        jobs : iterable of Job
            Each once.
        """


@dataclass(frozen=True)
class InThisProcess:
    """One job at a time, in order, each when its result is asked for.

    Attributes
    ----------
    model : Model
        Loaded as the settings of the work say.
    progress
        As in `pipeline.segment`.
    """

    model: Model
    progress: Progress | None = None

    def map(self, work: Work, jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield one result for each job, see `Executor`."""
        for job in jobs:
            yield work(job, self.model, self.progress)
