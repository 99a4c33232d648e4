"""A folder that ``napari-ovseg train adapt`` writes, as a model.

The folder holds only what was learnt on top of the teacher's weights, which stay where they are.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from pydantic import PositiveInt

from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.run_card import WEIGHTS, RunCard

METHOD: Final = "maskclip"


class AdaptedCard(RunCard):
    """What ``model.json`` says of an adapted model, beside what `RunCard` has.

    Attributes
    ----------
    folder : str
        Where the pictures were, as text.
    folder_digest : str
        Of what is in the pictures, whatever they are called.
    side : int
        Side, in pixels, of the square that views are shown at.
    """

    format: Literal["napari-ovseg adapted model"] = "napari-ovseg adapted model"
    version: Literal[1] = 1
    folder: str
    folder_digest: str
    side: PositiveInt

    def words(self, output: Path) -> list[str]:
        """Return the command that goes on with this training, or does it anew, word by word."""
        words = ["napari-ovseg", "train", "adapt", self.folder, "--teacher", self.teacher]
        return [*words, "--output", str(output), "--steps", str(self.steps)]


def clip_card(folder: Path, run: AdaptedCard, teacher: ClipCard) -> ClipCard:
    """Return the card of an adapted model, as lists and records show it.

    Its name is the whole path, which holds wherever it is read. Maps are read in the way that was trained.
    """
    return replace(
        teacher,
        name=str(folder.absolute()),
        checkpoint=str((folder / WEIGHTS).absolute()),
        bundled=False,
        view_side=run.side,
        methods=tuple(one for one in teacher.methods if one.name == METHOD),
        method=METHOD,
        note=f"{teacher.name}, adapted to {run.pictures} pictures of {Path(run.folder).name}.",
    )
