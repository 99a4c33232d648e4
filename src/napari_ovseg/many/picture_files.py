"""Which pictures a person means by files, folders and patterns."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable
from pathlib import Path

from napari_ovseg.file_names import at_home
from napari_ovseg.many.jobs import files_of, run_ledger

# What a folder is looked through for.
ENDINGS = {".avif", ".bmp", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"}
ENDINGS |= {".tga", ".tif", ".tiff", ".webp"}


def picture_files(named: Iterable[str | Path]) -> list[Path]:
    """Return the files that are meant, each once.

    Parameters
    ----------
    named : iterable of str or Path
        Files; folders, for the pictures in them; and patterns such as ``pics/*.png``, which the shells of
        Windows leave as they are.

    Returns
    -------
    list of Path
        As they were named. What stands for no picture is returned itself: reading it says what is wrong.
    """
    return list(dict.fromkeys(file for one in named for file in _meant(at_home(one))))


def _meant(named: Path) -> list[Path]:
    if os.path.isdir(named):
        inside = [path for path in sorted(named.iterdir()) if not path.name.startswith(".")]
        # a link that leads nowhere is one of them: reading it says so
        files = [path for path in inside if path.suffix.lower() in ENDINGS and not path.is_dir()]
    elif glob.has_magic(str(named)) and not os.path.lexists(named):
        files = [Path(path) for path in sorted(glob.glob(str(named), recursive=True)) if os.path.isfile(path)]
    else:
        return [named]
    results = {folder: _results_in(folder) for folder in {path.parent for path in files}}
    return [path for path in files if path.name not in results[path.parent]] or [named]


def _results_in(folder: Path) -> set[str]:
    """What an earlier run has written there: its masks are not segmented in turn."""
    # a run that was killed has not listed them yet
    found = {name for stem in run_ledger(folder).names() for name in files_of(stem).values()}
    try:
        images = json.loads((folder / "categories.json").read_bytes())["images"]
        found |= {str(image.get(key)) for image in images for key in ("masks", "pseudo_labels", "overlay")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return found
