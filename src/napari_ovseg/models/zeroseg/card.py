"""What the folder of a student says of it; no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.run_card import RunCard
from napari_ovseg.models.zeroseg.sizes import Preset


class ZeroSegCard(RunCard):
    """What ``model.json`` says of a student of ZeroSeg, beside what `RunCard` has.

    Attributes
    ----------
    folder : str
        Where the pictures were, as text.
    folder_digest : str
        Of what is in the pictures, whatever they are called.
    preset : {"tiny", "paper"}
        Its sizes: `models.zeroseg.sizes`.
    groups : float or None
        How many groups are in use in a picture at the end, the mean of some that were learnt from.
    """

    format: Literal["napari-ovseg zeroseg model"] = "napari-ovseg zeroseg model"
    version: Literal[1] = 1
    folder: str
    folder_digest: str
    preset: Preset
    groups: float | None = None

    def words(self, output: Path) -> list[str]:
        """Return the command that goes on with this training, or does it anew, word by word."""
        words = ["napari-ovseg", "train", "zeroseg", self.folder, "--teacher", self.teacher]
        return [*words, "--output", str(output), "--preset", self.preset, "--steps", str(self.steps)]


def model_card(folder: Path, run: ZeroSegCard, teacher: ModelCard) -> ModelCard:
    """Return the card of a student, as lists and records show it: it knows the words that its teacher knows.

    Its name is the whole path, which holds wherever it is read.
    """
    return replace(
        teacher,
        name=str(folder.absolute()),
        checkpoint=str(folder.absolute()),
        bundled=False,
        methods=(MapMethod(),),
        method="",
        note=f"Learnt {run.pictures} pictures of {Path(run.folder).name} from {teacher.name}.",
    )
