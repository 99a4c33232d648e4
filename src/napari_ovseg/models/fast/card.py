"""The card in a folder that ``napari-ovseg train fast`` writes; no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.run_card import WEIGHTS, RunCard


class FastCard(RunCard):
    """What ``model.json`` says of a fast model, beside what `RunCard` has.

    Attributes
    ----------
    annotations : str
        Where the masks were that it was taught by, as text.
    annotations_digest : str
        Of the pictures, their masks, and which pixels a person has painted.
    window : int
        Side, in pixels, of the windows that it sees; pictures are shown with at least as many pixels as one
        of them, and at most as many as four.
    names : tuple of str
        The names that it was taught.
    held_back : int
        How many pictures were not learnt from, to measure on.
    iou : dict of str to float
        Intersection over union of each name, and of background, over the pixels of all that was held back.
    """

    format: Literal["napari-ovseg fast model"] = "napari-ovseg fast model"
    version: Literal[1] = 1
    annotations: str
    annotations_digest: str
    window: PositiveInt
    names: tuple[str, ...] = ()
    held_back: NonNegativeInt = 0
    iou: dict[str, float] = Field(default_factory=dict)

    def words(self, output: Path) -> list[str]:
        """Return the command that goes on with this training, or does it anew, word by word."""
        words = ["napari-ovseg", "train", "fast", self.annotations, "--teacher", self.teacher]
        return [*words, "--output", str(output), "--steps", str(self.steps)]


def fast_card(folder: Path, run: FastCard, teacher: ClipCard) -> ModelCard:
    """Return the card of a fast model, as lists and records show it; its name is the whole path."""
    known = teacher.known_words
    taught = {word.lower() for name in run.names for word in name.split()}
    plain = ModelCard(str(folder.absolute()), licence=teacher.licence, commercial=teacher.commercial)
    return replace(
        plain,
        checkpoint=str((folder / WEIGHTS).absolute()),
        methods=(MapMethod(),),
        known_words=None if known is None else known | taught,
        vocabulary=teacher.vocabulary,
        note=f"Taught {', '.join(run.names)} by {run.pictures} pictures of {Path(run.annotations).name}; "
        f"other names are answered as far as {teacher.name} knows them.",
    )
