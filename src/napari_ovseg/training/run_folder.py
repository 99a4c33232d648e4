"""The folder of a training: begun once, gone on with by the same arguments only, and whole at its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import save
from torch import Tensor

from napari_ovseg.atomic import remove_parts, write_atomically, write_json_atomically
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.models.run_card import CARD, WEIGHTS, RunCard, digest_of_weights, read_card
from napari_ovseg.training.resumable import CHECKPOINT

Kind = TypeVar("Kind", bound=RunCard)


def refuse_other_files(output: Path) -> None:
    """Refuse a folder that is somebody else's, before anything is put into it.

    Raises
    ------
    InputError
        When it holds files, and no card of a training.
    """
    if not output.is_dir() or (output / CARD).is_file():
        return
    kept = RunCard.reusable
    if any(path.name != kept and not path.name.startswith(".") for path in output.iterdir()):
        raise InputError(f"{as_text(output)} holds other files: name an empty or a new folder.")


def begun(output: Path, plan: Kind, must_be_same: Mapping[str, str]) -> Kind:
    """Return the card that is in the output, or begin with this one.

    Parameters
    ----------
    output : Path
        A folder that is there, see `alone`.
    plan : RunCard
        Of the training that is asked for.
    must_be_same : mapping of str to str
        Which of its fields tell it from other trainings, and what to call a difference.

    Raises
    ------
    InputError
        When it is of a training with other arguments.
    ModelError
        When the card in it can't be read.
    """
    for name in (CARD, WEIGHTS):
        remove_parts(output / name)
    if not (output / CARD).is_file():
        write_json_atomically(output / CARD, plan.model_dump())
        return plan
    run = read_card(output, type(plan))
    for field, what in must_be_same.items():
        if getattr(run, field) != getattr(plan, field):
            raise InputError(
                f"{as_text(output)} was begun with {what}, by {run.again(output)} - give the same, or name "
                "another folder."
            )
    return run


def is_whole(output: Path, run: RunCard) -> bool:
    """Tell whether the training has ended and its weights are as they were written; tidies up if so."""
    weights = output / WEIGHTS
    whole = run.weights is not None and weights.is_file() and digest_of_weights(weights) == run.weights
    if whole:
        (output / CHECKPOINT).unlink(missing_ok=True)
    return whole


def ended(output: Path, run: Kind, learnt: dict[str, Tensor], **seen: Any) -> Kind:
    """Write the weights, then the card that makes them count; what is only needed for going on is removed.

    Parameters
    ----------
    output : Path
    run : RunCard
    learnt : dict of str to torch.Tensor
        On the CPU.
    **seen
        Fields of the card that are known now.
    """
    content = save(learnt)
    write_atomically(output / WEIGHTS, lambda file: file.write(content))
    run = run.model_copy(update=seen | {"weights": digest_of_weights(output / WEIGHTS)})
    write_json_atomically(output / CARD, run.model_dump())
    (output / CHECKPOINT).unlink(missing_ok=True)
    return run
