"""The files of each picture in the folder of a run: all of them, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ovseg.atomic import prepare_folder, remove_parts
from napari_ovseg.export import write_labels, write_overlay
from napari_ovseg.export.passed_on import passed_on
from napari_ovseg.file_names import seen_from
from napari_ovseg.images import to_rgb
from napari_ovseg.many.jobs import Job
from napari_ovseg.pictures import Picture
from napari_ovseg.segmentation import Segmentation


class ResultFolder:
    """Takes what was found in pictures.

    Parameters
    ----------
    folder : str or Path
        Made if it isn't there.

    Raises
    ------
    OutputError
        When it can't be written to.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = prepare_folder(folder)

    def write(self, job: Job, picture: Picture, found: Segmentation) -> dict[str, Any]:
        """Write masks, pseudo-labels and overlay of a picture.

        Returns
        -------
        dict
            What ``categories.json`` says of it.

        Raises
        ------
        InputError
            When the picture can't be shown.
        OutputError
            When one of them can't be written: then none is there, but for what an earlier run has written and
            this one not replaced yet.
        """
        names = [category.name for category in found.categories]
        shown = to_rgb(picture.pixels)
        masks, pseudo_labels, overlay = self.paths(job).values()
        written: list[Path] = []
        try:
            for path, labels in ((masks, found.masks), (pseudo_labels, found.pseudo_labels)):
                write_labels(path, labels, len(names))
                written.append(path)
            write_overlay(overlay, shown, found.masks, names, found.record.get("absent", ()))
        except BaseException:
            # what categories.json doesn't list is nobody's
            for path in written:
                path.unlink(missing_ok=True)
            raise
        shares = [round(float((found.masks == number).mean()), 6) for number in range(1, len(names) + 1)]
        return {
            "image": self.named(job),
            **job.files,
            "pixel_size": picture.pixel_size,
            "unit": picture.unit,
            "presence": dict(zip(names, (round(float(sure), 4) for sure in found.presence), strict=True)),
            "share": dict(zip(names, shares, strict=True)),
            "record": passed_on(found.record, self.folder),
        }

    def remove(self, job: Job) -> None:
        """Remove the files of a picture."""
        for path in self.paths(job).values():
            path.unlink(missing_ok=True)

    def clear_up(self, job: Job) -> None:
        """Remove what writes of these files have left that were killed."""
        for path in self.paths(job).values():
            remove_parts(path)

    def paths(self, job: Job) -> dict[str, Path]:
        """Where the files of a picture are, or will be, by their keys in ``categories.json``."""
        return {kind: self.folder / name for kind, name in job.files.items()}

    def named(self, job: Job) -> str:
        """How a file in this folder names the picture."""
        return job.source if job.path is None else seen_from(self.folder, job.path)
