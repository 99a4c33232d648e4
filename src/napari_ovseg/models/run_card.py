"""The card in a folder that ``napari-ovseg train`` writes: what any training says, and how it is read."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from napari_ovseg.errors import InputError, ModelError

if TYPE_CHECKING:
    from napari_ovseg.models.offer import Offer
    from napari_ovseg.segmentation import Progress

CARD: Final = "model.json"
WEIGHTS: Final = "weights.safetensors"


class RunCard(BaseModel, ABC):
    """What ``model.json`` says of a model, whatever training made it; checked when it is read.

    Attributes
    ----------
    format : str
        Which kind of model it is.
    teacher : str
        Name of the model that was learnt from.
    teacher_weights : str
        The `digest_of_weights` of its weights then.
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
    # all that may stay in a folder that is trained into anew
    reusable: ClassVar[str] = "targets"

    format: str
    teacher: str
    teacher_weights: str
    steps: PositiveInt
    pictures: NonNegativeInt = 0
    skipped: tuple[str, ...] = ()
    loss: float | None = None
    weights: str | None = None

    @abstractmethod
    def words(self, output: Path) -> list[str]:
        """Return the command that goes on with this training, or does it anew, word by word."""

    def again(self, output: Path) -> str:
        """Return the same command as a shell takes it."""
        words = self.words(output)
        # single quotes are part of a name there
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


Kind = TypeVar("Kind", bound=RunCard)


def digest_of_weights(path: Path) -> str:
    """Return what tells the content of a file of weights from others, wherever it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def read_card(folder: Path, *kinds: type[Kind]) -> Kind:
    """Read the card of a trained model, finished or not.

    Parameters
    ----------
    folder : Path
    *kinds : type of RunCard
        Those that are looked for; the format that a card names says which it is.

    Raises
    ------
    InputError
        When the folder holds no such model.
    ModelError
        When the card can't be read.
    """
    path = folder / CARD
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f'There is no model in the folder "{folder}", as it has no {CARD}: name a folder that '
            '"napari-ovseg train" has written.'
        ) from error
    except OSError as error:
        raise ModelError(f'"{path}" can\'t be read ({error.strerror}): change its permissions.') from error
    try:
        return _kind_of(path, content, kinds).model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ModelError(
            f'"{path}" is damaged, or of a newer napari-ovseg ({where}: {fault["msg"].lower()}): update '
            "napari-ovseg, or name another folder."
        ) from error


def finished_card(folder: Path, *kinds: type[Kind]) -> Kind:
    """Read the card of a trained model that can be used.

    Raises
    ------
    InputError
        When the folder holds no such model.
    ModelError
        When the card can't be read, or the training has not ended.
    """
    run = read_card(folder, *kinds)
    if run.weights is None:
        raise ModelError(
            f'The training of "{folder}" has not ended. This goes on with it: {run.again(folder)}'
        )
    return run


def fetch_learnt(folder: Path, run: RunCard, teacher: Offer, progress: Progress | None) -> Path:
    """Bring the teacher's weights onto this disk, and return the file of those that were learnt.

    Raises
    ------
    ModelError
        When that file is missing.
    DownloadError
        When the teacher's weights can't be fetched.
    """
    teacher.fetch(progress)
    weights = (folder / WEIGHTS).absolute()
    if not weights.is_file():
        raise ModelError(f'"{weights}" is missing. This makes it again: {run.again(folder)}')
    return weights


def _kind_of(path: Path, content: bytes, kinds: tuple[type[Kind], ...]) -> type[Kind]:
    """The kind that a card says it is of; where it says none, the first one, whose check says what is wrong.

    Raises
    ------
    ModelError
        When it is of a kind that is not looked for.
    """
    try:
        card = json.loads(content)
        named = card.get("format") if isinstance(card, dict) else None
    except ValueError:
        return kinds[0]
    if not isinstance(named, str):
        return kinds[0]
    by_format = {kind.model_fields["format"].default: kind for kind in kinds}
    if named not in by_format:
        raise ModelError(
            f'"{path}" is of another kind of model ("{named}"): name another folder, or update napari-ovseg.'
        )
    return by_format[named]
