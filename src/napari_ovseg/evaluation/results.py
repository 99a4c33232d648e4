"""What is kept of each picture, so that a run can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.atomic import write_json_atomically
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.layouts import Pair
from napari_ovseg.evaluation.metrics import Counts, counts_from
from napari_ovseg.evaluation.problems import BadPicture
from napari_ovseg.export import prepare_folder, write_labels
from napari_ovseg.file_names import STEM_BYTES, fitting
from napari_ovseg.many.ledger import Ledger, digest_of_files
from napari_ovseg.pictures import read_ids

SETTINGS = "settings.json"
# settings that are there as a digest only
DIGESTS = ("names", "words")


@dataclass(frozen=True)
class PictureResult:
    """One picture, scored.

    Attributes
    ----------
    key : str
    contents : str
        Digest of the files, to see that they are still the same.
    asked : tuple of str
        The names the model was given.
    stages : dict of str to Counts
        Areas after each stage; the last are the masks.
    boundaries : Counts
        Of the masks.
    seconds : dict of str to float
        For each stage.
    """

    key: str
    contents: str
    asked: tuple[str, ...]
    stages: dict[str, Counts]
    boundaries: Counts
    seconds: dict[str, float]

    @property
    def masks(self) -> Counts:
        """Areas of the masks."""
        return list(self.stages.values())[-1]


class Results:
    """The folder of a run: its settings, one file for each picture, and the masks.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    settings : dict
        All that results depend on; can be written as JSON.
    keys : iterable of str
        Of all pictures of the dataset; more of them than last time is fine.

    Raises
    ------
    InputError
        When the folder holds results of other settings, or of pictures that aren't in the dataset.
    OutputError
        When it can't be written to.
    """

    def __init__(self, folder: str | Path, settings: dict[str, Any], keys: Iterable[str]) -> None:
        self.folder = prepare_folder(folder)
        self.ledger = Ledger(self.folder / "pictures")
        self._refuse_other(settings)
        self._refuse_strangers(keys)
        self.ledger.prepare()
        prepare_folder(self.folder / "masks")
        write_json_atomically(self.folder / SETTINGS, settings)

    def load(self, key: str, contents: str) -> PictureResult | None:
        """The result of a picture, if there is one and the files are as they were."""
        stored = self.ledger.load(key)
        if stored is None:
            return None
        try:
            result = PictureResult(
                stored["key"],
                stored["contents"],
                tuple(stored["asked"]),
                {stage: counts_from(of["of"]) for stage, of in stored["stages"].items()},
                counts_from(stored["boundaries"]["of"]),
                stored["seconds"],
            )
        except (ValueError, KeyError, TypeError):
            # not from this program: it is made anew
            return None
        whole = result.contents == contents and self.mask_file(key).is_file()
        return result if whole else None

    def save(self, result: PictureResult, masks: NDArray[np.integer], count: int) -> None:
        """Write the masks ``(H, W)`` of up to ``count`` ids, then what makes the picture count as done."""
        write_labels(self.mask_file(result.key), masks, count)
        self.ledger.save(result.key, asdict(result))

    def mask_file(self, key: str) -> Path:
        """Where the masks of a picture are."""
        return self.folder / "masks" / f"{fitting(key, STEM_BYTES)}.png"

    def masks(self, key: str) -> NDArray[np.int32]:
        """The masks of a picture, as they were saved."""
        return read_ids(self.mask_file(key)).astype(np.int32)

    def _refuse_other(self, settings: dict[str, Any]) -> None:
        file = self.folder / SETTINGS
        if not file.exists():
            return
        try:
            before = dict(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"{file} can't be read: delete {self.folder}, or name another folder."
            ) from error
        changed = [key for key in settings | before if settings.get(key) != before.get(key)]
        if changed:
            said = ", ".join(_change(key, before.get(key), settings.get(key)) for key in changed)
            raise InputError(
                f"{self.folder} holds results of other settings ({said}): give these again to go on, or name "
                "another folder with --output."
            )

    def _refuse_strangers(self, keys: Iterable[str]) -> None:
        """Refuse to write a report over that of another dataset, or beside masks that it doesn't count."""
        strangers = self.ledger.others(keys)
        if strangers:
            raise InputError(
                f"{self.folder} holds results of pictures that aren't in this dataset ({len(strangers)}, such"
                f" as {strangers[0]}): name another folder with --output."
            )


def _change(key: str, before: object, now: object) -> str:
    """What differs, as far as somebody can read it."""
    name = key.replace("_", " ")
    if key in DIGESTS and None not in (before, now):
        return f"other {name}"
    was, is_now = ("not recorded" if value is None else value for value in (before, now))
    return f"{name} was {was}, is {is_now}"


def contents(pair: Pair) -> str:
    """Digest of the picture and its masks; `BadPicture` where one can't be read at all."""
    try:
        return digest_of_files((pair.picture, *pair.masks))
    except OSError as error:
        raise BadPicture(f"{error.filename} can't be read ({error.strerror}): unpack it again.") from error
