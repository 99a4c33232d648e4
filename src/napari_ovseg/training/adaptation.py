"""``train adapt``: a CLIP tower learns to see in one look at a picture what many windows of it show."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home, resolved
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.models.clip.adapted import AdaptedCard
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.loading import load_model
from napari_ovseg.models.registry import find_model, offers
from napari_ovseg.models.run_card import CARD, digest_of_weights
from napari_ovseg.segmentation import Progress, ShouldStop
from napari_ovseg.training.alone import alone
from napari_ovseg.training.resumable import OnLoss, Training
from napari_ovseg.training.run_folder import begun, ended, is_whole, refuse_other_files
from napari_ovseg.training.student import Student
from napari_ovseg.training.targets import Examples, look_side
from napari_ovseg.training.unlabelled import pictures_in

STEPS = 400
BATCH = 8
HIGHEST_RATE = 1e-3
TARGETS = "targets"
# whose mean the card gives as the loss
LAST_STEPS = 20
SAME = {
    "teacher": "another teacher",
    "teacher_weights": "other weights of its teacher",
    "folder_digest": "other pictures",
    "steps": "another number of steps",
    "side": "another version of napari-ovseg",
}


def adapt(
    folder: str | Path,
    *,
    teacher: str,
    output: str | Path,
    steps: int = STEPS,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_loss: OnLoss | None = None,
) -> AdaptedCard:
    """Adapt a model to a folder of pictures without labels; the result is a model like any other.

    The last two blocks of the image tower learn to give, in one look at a picture, the features that the
    tower itself gives in windows slid finely over it, averaged: see `targets` and `student`. Nothing else
    changes. A training that was stopped, in whatever way, goes on when it is asked for again with the same
    arguments.

    Parameters
    ----------
    folder : str or Path
        Of pictures, as the command ``segment`` finds them. What can't be read is left out.
    teacher : str
        Name of a CLIP model whose image tower is a vision transformer, as for `load_model`.
    output : str or Path
        Folder for the model; made if it isn't there. Its name is then the name of a model.
    steps : int
        Of the training, with 8 pictures each.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each picture and each step.
    on_loss : callable, optional
        ``on_loss(step, loss)`` for each step, counted from 1; first for those before a stop.

    Returns
    -------
    AdaptedCard
        What ``model.json`` in the output says: how many pictures were learnt from, why others were not, and
        the loss, ``1 - cos``, of the last steps.

    Raises
    ------
    InputError
        When the folder has no picture that can be read, the teacher can't be learnt from, or the output holds
        something else.
    ModelError
        When the model can't be loaded, or what an earlier run has left is damaged.
    OutputError
        When the output can't be written, or another training writes there.
    Cancelled
        Once ``should_stop()`` is true; the same call goes on from the last step or picture that was done.
    """
    folder, output = at_home(folder), at_home(output)
    if steps < 1:
        raise InputError(f"{steps} steps are none: give 1 or more.")
    files, unreadable = pictures_in(folder, progress, should_stop)
    model = teacher_called(teacher, progress)
    assert model.checkpoint is not None
    plan = AdaptedCard(
        teacher=model.card.name,
        teacher_weights=digest_of_weights(model.checkpoint),
        folder=as_text(resolved(folder)),
        folder_digest=digest_of(*files),
        side=look_side(model),
        steps=steps,
    )
    refuse_other_files(output)
    with alone(output):
        run = begun(output, plan, SAME)
        if is_whole(output, run):
            return run
        examples = Examples(output / TARGETS, model)
        problems = dict(examples.collect(files, progress, should_stop))
        known = [contents for contents, problem in problems.items() if not problem]
        skipped = (*unreadable, *filter(None, problems.values()))
        if not known:
            raise InputError(f"No picture of {as_text(folder)} can be learnt from. {' '.join(skipped[:3])}")
        student = Student(model.network.visual)
        loss_of = partial(_loss, student, examples, known)
        losses = Training(student.learning, output, digest_of(*known)).run(
            loss_of, steps, HIGHEST_RATE, progress, should_stop=should_stop, on_loss=on_loss
        )
        loss = float(np.mean(losses[-LAST_STEPS:]))
        return ended(output, run, student.learnt(), pictures=len(known), skipped=skipped, loss=loss)


def _loss(student: Student, examples: Examples, known: list[str], chance: torch.Generator) -> torch.Tensor:
    """The loss of one step, on pictures drawn by chance."""
    drawn = torch.randperm(len(known), generator=chance)[:BATCH].tolist()
    return student.loss([examples.load(known[number]) for number in drawn])


def teacher_called(name: str, progress: Progress | None) -> ClipModel:
    """Load a model that others can be trained from.

    Raises
    ------
    InputError
        When its image tower is no vision transformer, or it was trained from another model itself.
    ModelError
        When it can't be loaded.
    """
    if name.strip() not in offers() and at_home(name.strip()).joinpath(CARD).is_file():
        raise InputError(f'"{name}" was trained itself: name the model that it was trained from.')
    fits = (
        'this works for CLIP models whose image tower is a vision transformer, such as "demo" or '
        '"ViT-B-16-quickgelu/openai".'
    )
    if not isinstance(find_model(name), ClipCard):
        raise InputError(f'"{name}" can\'t be a teacher: {fits}')
    model = load_model(name, progress=progress)
    assert isinstance(model, ClipModel)
    if len(tower_of(model.network.visual).blocks) < 2:
        raise InputError(f'The image tower of "{name}" can\'t be learnt from: {fits}')
    return model
