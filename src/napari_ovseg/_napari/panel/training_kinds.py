"""The kinds of training that the window offers: who teaches, what a folder holds, what is called."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from napari_ovseg._napari.panel.model_choice import ModelChoice, model_choices
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.file_names import STEM_BYTES, as_text, fitting, path_of, resolved
from napari_ovseg.models.clip.adapted import AdaptedCard
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.registry import offers
from napari_ovseg.models.run_card import CARD, RunCard, read_card

# of a file that `training` writes, which imports torch; a test compares them
LOG = "log.csv"
MOST_TRIED = 100


@dataclass(frozen=True)
class Plan:
    """A training that a person asks for.

    Attributes
    ----------
    kind : Kind
    folder : Path
        Of pictures.
    teacher : str
        Name of the model to learn from.
    output : Path
        Folder for the model.
    steps : int
    """

    kind: Kind
    folder: Path
    teacher: str
    output: Path
    steps: int


@dataclass(frozen=True)
class Standing:
    """What the folder for a model holds, as seen from a plan.

    Attributes
    ----------
    can : {"start", "go on", "use", ""}
        What can be done there; "" for nothing.
    said : str
        That in a sentence.
    begun : Plan, optional
        Another training that was begun there.
    """

    can: Literal["start", "go on", "use", ""]
    said: str
    begun: Plan | None = None


@dataclass(frozen=True)
class Kind:
    """One way to learn from a folder of pictures.

    Attributes
    ----------
    title, what : str
        As it is listed, and what comes of it, in a sentence or two.
    ending : str
        Of the name of the folder for the model, after that of the pictures.
    steps : int
        By default.
    teachers : callable
        ``teachers() -> list of ModelChoice``: the models of the list that can be learnt from.
    standing : callable
        ``standing(plan) -> Standing``.
    learn : callable
        ``learn() -> function``: imports what trains. That is called with the folder of pictures, and by name
        ``teacher``, ``output``, ``steps``, ``progress``, ``should_stop`` and ``on_loss``, as `adapt` is. Its
        result has ``pictures``, ``skipped`` and ``loss``.
    """

    title: str
    what: str
    ending: str
    steps: int
    teachers: Callable[[], list[ModelChoice]]
    standing: Callable[[Plan], Standing]
    learn: Callable[[], Callable[..., Any]]


def losses_in(folder: Path) -> list[float]:
    """Return the loss of each step of a training, as far as its log goes; none where it can't be read."""
    try:
        with (folder / LOG).open(newline="", encoding="utf-8") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def free_folder(kind: Kind, pictures: Path, teacher: str, steps: int) -> Path:
    """Suggest a folder for a model, beside the pictures, that holds nothing else."""
    output = pictures.parent
    for number in range(1, MOST_TRIED + 1):
        ending = f"-{kind.ending}" if number == 1 else f"-{kind.ending}-{number}"
        output = pictures.parent / f"{fitting(pictures.name, STEM_BYTES - len(ending))}{ending}"
        if kind.standing(Plan(kind, pictures, teacher, output, steps)).can:
            break
    # where nothing can be done there either, its standing says why
    return output


def _vision_transformers() -> list[ModelChoice]:
    known = {name for name, offer in offers().items() if _has_patches(offer.card)}
    return [choice for choice in model_choices() if choice.name in known]


def _has_patches(card: object) -> bool:
    return isinstance(card, ClipCard) and card.patch_size is not None


def _standing_of_adapted(plan: Plan) -> Standing:
    output = plan.output
    try:
        if output.exists() and not output.is_dir():
            return Standing("", "This is a file: choose a folder.")
        if not (output / CARD).is_file():
            return _standing_of_other(output)
        card = read_card(output, AdaptedCard)
    except (InputError, ModelError) as error:
        return Standing("", str(error))
    except OSError as error:
        return Standing("", f"It can't be read ({error.strerror}): choose another folder.")
    begun = Plan(plan.kind, path_of(card.folder), card.teacher, output, card.steps)
    if (card.teacher, card.steps) != (plan.teacher, plan.steps):
        ended = "was made" if card.weights else "is being made"
        said = f"Another model {ended} there, by {card.teacher} in {card.steps} steps: choose another folder."
        return Standing("", said, begun)
    return _standing_of_same(plan, card, begun)


def _standing_of_same(plan: Plan, card: AdaptedCard, begun: Plan) -> Standing:
    """What can be done with a training by the same teacher for as many steps."""
    others = card.folder != as_text(resolved(plan.folder))
    if card.weights is None:
        said = f"A training that was stopped after {len(losses_in(plan.output))} of {card.steps} steps."
        if others:
            said += f" It learns from {card.folder}, and goes on with the same pictures only."
        return Standing("go on", said, begun if others else None)
    if others:
        said = f"A model that learnt from {card.folder} is there: choose another folder."
        return Standing("", said, begun)
    return Standing("use", f"The model is there: it learnt from {card.pictures} pictures.")


def _standing_of_other(output: Path) -> Standing:
    if not output.is_dir():
        return Standing("start", "A new folder.")
    others = [
        path for path in output.iterdir() if path.name != RunCard.reusable and not path.name.startswith(".")
    ]
    if others:
        return Standing("", "It holds other files: choose an empty or a new folder.")
    return Standing("start", "An empty folder.")


def _adapt() -> Callable[..., Any]:
    from napari_ovseg.training import adapt

    return adapt


ADAPT = Kind(
    title="Adapt a model to pictures without labels",
    what="The model learns to see in one look what it otherwise needs many windows for.",
    ending="adapted",
    steps=400,
    teachers=_vision_transformers,
    standing=_standing_of_adapted,
    learn=_adapt,
)
KINDS = (ADAPT,)
