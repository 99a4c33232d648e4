"""What is done with one picture, by whoever has a model: segment it. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_ovseg.errors import Cancelled, ModelError, NoRoomError
from napari_ovseg.many.jobs import Job, Result, problem_of
from napari_ovseg.many.ledger import digest_of_files
from napari_ovseg.settings import Settings

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress


@dataclass(frozen=True)
class Work:
    """The same for every picture of a run, as data that another process can be given.

    Attributes
    ----------
    settings : Settings
        The names to look for, and how. ``model``, ``checkpoint`` and ``device`` say what to load.
    """

    settings: Settings

    def __call__(self, job: Job, model: Model, progress: Progress | None = None) -> Result:
        """Segment a picture; what is wrong with this one is told in the result.

        Parameters
        ----------
        job : Job
        model : Model
            What looks.
        progress
            As in `pipeline.segment`.

        Raises
        ------
        ModelError, NoRoomError, Cancelled
            What would go wrong with every other picture too.
        """
        from napari_ovseg.pipeline import segment

        contents = contents_of(job)
        try:
            picture = job.load()
            settings = self.settings.in_pixels(picture.pixel_size, picture.unit)
            found = segment(picture.pixels, settings, model=model, progress=progress)
        except (ModelError, NoRoomError, Cancelled):
            raise
        except Exception as error:
            return Result(job, problem=problem_of(job, error))
        return Result(job, found, picture=picture, contents=contents)


def contents_of(job: Job) -> str:
    """Return a digest of the file of a picture; "" where it can't be read, or is none."""
    try:
        return "" if job.path is None else digest_of_files([job.path])
    except OSError:
        return ""
