"""The pictures of a folder that are learnt from, told apart by what is in them."""

from __future__ import annotations

from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.many.ledger import digest_of_files
from napari_ovseg.many.picture_files import picture_files
from napari_ovseg.segmentation import Progress, ShouldStop, checking
from napari_ovseg.training.resumable import STOPPED

READING = "Reading the files"


def pictures_in(
    folder: Path, progress: Progress | None = None, should_stop: ShouldStop | None = None
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the picture files in a folder, as the command ``segment`` finds them.

    Parameters
    ----------
    folder : Path
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each file.

    Returns
    -------
    files : dict of str to Path
        By a digest of their content, in its order: names play no part, and of equal files one counts.
    skipped : tuple of str
        Why others can't be read, a sentence each.

    Raises
    ------
    InputError
        When there is no such folder, or no picture in it.
    Cancelled
        Once ``should_stop()`` is true.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {as_text(folder)}: name one with pictures in it.")
    files: dict[str, Path] = {}
    skipped: list[str] = []
    tell = progress or (lambda stage, done, total: None)
    check = checking(should_stop, STOPPED)
    found = picture_files([folder])
    for number, file in enumerate(found):
        check()
        tell(READING, number, len(found))
        if file == folder:
            raise InputError(
                f"There is no picture in {as_text(folder)}: name a folder of PNG, JPEG, TIFF files."
            )
        try:
            files.setdefault(digest_of_files([file]), file)
        except OSError as error:
            skipped.append(f"{as_text(file)} can't be read ({error.strerror}).")
    return dict(sorted(files.items())), tuple(skipped)
