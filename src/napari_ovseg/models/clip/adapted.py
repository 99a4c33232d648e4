"""A folder that ``napari-ovseg train adapt`` writes, as a model: its card, and what to do about a bad one.

The folder holds only what was learnt on top of the teacher's weights, which stay where they are.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.clip.card import ClipCard

CARD: Final = "model.json"
WEIGHTS: Final = "weights.safetensors"
METHOD: Final = "maskclip"


class AdaptedCard(BaseModel):
    """What ``model.json`` says of an adapted model; checked when it is read.

    Attributes
    ----------
    teacher : str
        Name of the model that was adapted.
    teacher_weights : str
        The `digest_of_weights` of its weights then.
    folder : str
        Where the pictures were, as text.
    folder_digest : str
        Of what is in the pictures, whatever they are called.
    side : int
        Side, in pixels, of the square that views are shown at.
    steps : int
        Of the whole training.
    pictures : int
        How many were learnt from; 0 until all were looked at.
    skipped : tuple of str
        Why others were not, a sentence each.
    loss : float or None
        Mean of the last steps; None until the training has ended.
    weights : str or None
        `digest_of_weights` of ``weights.safetensors``; None until the training has ended.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["napari-ovseg adapted model"] = "napari-ovseg adapted model"
    version: Literal[1] = 1
    teacher: str
    teacher_weights: str
    folder: str
    folder_digest: str
    side: PositiveInt
    steps: PositiveInt
    pictures: NonNegativeInt = 0
    skipped: tuple[str, ...] = ()
    loss: float | None = None
    weights: str | None = None

    def again(self, output: Path) -> str:
        """Return the command that goes on with this training, or does it anew."""
        words = ["napari-ovseg", "train", "adapt", self.folder, "--teacher", self.teacher]
        words += ["--output", str(output), "--steps", str(self.steps)]
        # single quotes are part of a name there
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def digest_of_weights(path: Path) -> str:
    """Return what tells the content of a file of weights from others, wherever it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def read_card(folder: Path) -> AdaptedCard:
    """Read the card of an adapted model, finished or not.

    Raises
    ------
    InputError
        When the folder holds no such model.
    ModelError
        When the card can't be read.
    """
    path = folder / CARD
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f'There is no model in the folder "{folder}", as it has no {CARD}: name a folder that '
            '"napari-ovseg train adapt" has written.'
        ) from error
    except OSError as error:
        raise ModelError(f'"{path}" can\'t be read ({error.strerror}): change its permissions.') from error
    try:
        return AdaptedCard.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ModelError(
            f'"{path}" is damaged, or of a newer napari-ovseg ({where}: {fault["msg"].lower()}): update '
            'napari-ovseg; else remove all in this folder but "targets", and run "napari-ovseg train adapt" '
            "with the same arguments again."
        ) from error


def finished_card(folder: Path) -> AdaptedCard:
    """Read the card of an adapted model that can be used.

    Raises
    ------
    InputError
        When the folder holds no such model.
    ModelError
        When the card can't be read, or the training has not ended.
    """
    run = read_card(folder)
    if run.weights is None:
        raise ModelError(
            f'The training of "{folder}" has not ended. This goes on with it: {run.again(folder)}'
        )
    return run


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
