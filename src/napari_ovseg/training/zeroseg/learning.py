"""``train zeroseg``: a student learns from pictures alone to group what belongs together, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home, resolved
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.models.loading import load_model
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.registry import offers
from napari_ovseg.models.trained import is_trained
from napari_ovseg.models.zeroseg.card import ZeroSegCard
from napari_ovseg.models.zeroseg.sizes import SIZES, Preset
from napari_ovseg.segmentation import Progress, ShouldStop
from napari_ovseg.training.alone import alone
from napari_ovseg.training.resumable import OnLoss, Training
from napari_ovseg.training.run_folder import begun, ended, is_whole, refuse_other_files
from napari_ovseg.training.unlabelled import pictures_in
from napari_ovseg.training.zeroseg.examples import Examples, spread
from napari_ovseg.training.zeroseg.level import background_level, words_of
from napari_ovseg.training.zeroseg.presets import RECIPES
from napari_ovseg.training.zeroseg.student import Student
from napari_ovseg.training.zeroseg.watch import Watch

STEPS = 4000
# whose mean the card gives as the loss
LAST_STEPS = 20
# pictures whose crops say where groups begin
CLUSTERED = 500
SAME = {
    "teacher": "another teacher",
    "teacher_weights": "other weights of its teacher",
    "folder_digest": "other pictures",
    "preset": "another preset",
    "steps": "another number of steps",
}


def zeroseg(
    folder: str | Path,
    *,
    teacher: str,
    output: str | Path,
    preset: Preset = "tiny",
    steps: int = STEPS,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_loss: OnLoss | None = None,
) -> ZeroSegCard:
    """Learn from a folder of pictures without labels to segment such pictures in one look.

    The student of ZeroSeg (Chen et al., arXiv 2306.00450): `models.zeroseg.network` is what it is, `losses`
    what it minimises. A training that was stopped, in whatever way, goes on when it is asked for again with
    the same arguments.

    Parameters
    ----------
    folder : str or Path
        Of pictures, as the command ``segment`` finds them. What can't be read is left out.
    teacher : str
        Name of a model of maps, as for `load_model`: any `MapModel`.
    output : str or Path
        Folder for the model; made if it isn't there. Its name is then the name of a model.
    preset : {"tiny", "paper"}
        How large the student is.
    steps : int
        Of the training.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each picture and each step.
    on_loss : callable, optional
        ``on_loss(step, loss)`` for each step, counted from 1; first for those before a stop.

    Returns
    -------
    ZeroSegCard
        What ``model.json`` in the output says.

    Raises
    ------
    InputError
        When the folder has no picture that can be read, the model gives no vectors of pictures, or the
        output holds something else.
    ModelError
        When the model can't be loaded, or what an earlier run has left is damaged.
    OutputError
        When the output can't be written, or another training writes there.
    Cancelled
        Once ``should_stop()`` is true; the same call goes on from the last step that was done.
    """
    folder, output = at_home(folder), at_home(output)
    if preset not in SIZES:
        raise InputError(f'There is no preset "{preset}": use {" or ".join(SIZES)}.')
    if steps < 1:
        raise InputError(f"{steps} steps are none: give 1 or more.")
    files, unreadable = pictures_in(folder, progress, should_stop)
    model = _teacher(teacher, progress)
    plan = ZeroSegCard(
        teacher=model.card.name,
        teacher_weights=model.checkpoint_id,
        folder=as_text(resolved(folder)),
        folder_digest=digest_of(*files),
        preset=preset,
        steps=steps,
    )
    refuse_other_files(output)
    with alone(output):
        run = begun(output, plan, SAME)
        if is_whole(output, run):
            return run
        examples = Examples(model, files, SIZES[preset].side)
        known, problems = examples.collect(progress, should_stop)
        skipped = (*unreadable, *problems)
        if not known:
            raise InputError(f"No picture of {as_text(folder)} can be learnt from. {' '.join(skipped[:3])}")
        recipe = RECIPES[preset]
        student = Student(SIZES[preset], recipe, *examples.centre(known)).to(model.device)
        student.start_apart(examples.vectors(spread(known, CLUSTERED))[:, 1:].flatten(0, 1))
        watch = Watch(output, student, examples, known)
        losses = Training(student.learning, output, digest_of(*known), decay=recipe.decay).run(
            partial(_loss, student, examples, known, recipe.batch),
            steps,
            recipe.rate,
            progress,
            should_stop=should_stop,
            on_loss=on_loss,
            every=recipe.checkpoint_every,
            at_checkpoint=watch.look,
        )
        level = background_level(student.network, model, examples, known, words_of(model))
        student.network.level.fill_(level)
        learnt = {name: one.cpu().contiguous() for name, one in student.network.state_dict().items()}
        loss, groups = float(np.mean(losses[-LAST_STEPS:])), watch.groups()[0]
        return ended(output, run, learnt, pictures=len(known), skipped=skipped, loss=loss, groups=groups)


def _loss(
    student: Student, examples: Examples, known: Sequence[str], batch: int, chance: torch.Generator
) -> Tensor:
    """The loss of one step, on pictures drawn by chance."""
    drawn = [known[number] for number in torch.randperm(len(known), generator=chance)[:batch].tolist()]
    device = student.network.centre.device
    pixels, vectors = examples.pixels(drawn).to(device), examples.vectors(drawn).to(device)
    return torch.stack([*student.losses(pixels, vectors, chance).values()]).sum()


def _teacher(name: str, progress: Progress | None) -> MapModel:
    """Load a model that gives vectors of pictures."""
    if name.strip() not in offers() and is_trained(name):
        raise InputError(f'"{name}" was trained itself: name the model that it was trained from.')
    model = load_model(name, progress=progress)
    if not isinstance(model, MapModel):
        raise InputError(
            f'"{name}" gives masks and no vectors of pictures, so nothing is learnt from it: name a model '
            'such as "demo".'
        )
    return model
