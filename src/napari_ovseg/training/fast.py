"""``train fast``: a person's own masks become a model that does the rest in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home, resolved
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.fast.card import FastCard, fast_card
from napari_ovseg.models.fast.model import FastModel, new_network, words_of
from napari_ovseg.models.fast.network import FastNetwork
from napari_ovseg.models.run_card import digest_of_weights
from napari_ovseg.segmentation import Progress, ShouldStop, checking
from napari_ovseg.training.adaptation import LAST_STEPS, teacher_called
from napari_ovseg.training.alone import alone
from napari_ovseg.training.fast_examples import VOID, Taught, drawn
from napari_ovseg.training.fast_loss import loss_of
from napari_ovseg.training.lessons import Lessons, read_lessons
from napari_ovseg.training.resumable import STOPPED, OnLoss, Training
from napari_ovseg.training.run_folder import begun, ended, is_whole, refuse_other_files
from napari_ovseg.training.targets import look_side

STEPS = 150
BATCH = 4
HIGHEST_RATE = 2e-3
MEASURING = "Measuring"
SAME = {
    "teacher": "another teacher",
    "teacher_weights": "other weights of its teacher",
    "annotations_digest": "other masks",
    "steps": "another number of steps",
    "window": "another version of napari-ovseg",
}


def train_fast(
    annotations: str | Path,
    *,
    teacher: str,
    output: str | Path,
    steps: int = STEPS,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_loss: OnLoss | None = None,
) -> FastCard:
    """Teach a fast model by masks; the result is a model like any other, which gives masks in one pass.

    Void is ignored; pixels that a person has painted count more than those that a machine has; pictures that
    are not marked as done are left out, where somebody was asked. Of five pictures or more, each fifth is not
    learnt from, and the model is measured on it.

    Parameters
    ----------
    annotations : str or Path
        A folder of pictures that were annotated in the window, or any labels that `read_labelled` reads,
        such as what ``napari-ovseg segment`` writes.
    teacher : str
        Name of a CLIP model whose image tower is a vision transformer, as for `load_model`.
    output : str or Path
        Folder for the model; made if it isn't there. Its name is then the name of a model.
    steps : int
        Of the training, with 4 windows each.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each picture and each step.
    on_loss : callable, optional
        ``on_loss(step, loss)`` for each step, counted from 1; first for those before a stop.

    Returns
    -------
    FastCard
        What ``model.json`` in the output says: names, pictures, what was skipped and why, and how good the
        masks of held back pictures are.

    Raises
    ------
    InputError
        When there are no masks to learn from, the teacher can't be used, or the output holds something else.
    ModelError
        When the teacher can't be loaded, or what an earlier run has left is damaged.
    OutputError
        When the output can't be written, or another training writes there.
    Cancelled
        Once ``should_stop()`` is true; the same call goes on from the last step that was done.
    """
    source, output = at_home(annotations), at_home(output)
    if steps < 1:
        raise InputError(f"{steps} steps are none: give 1 or more.")
    model = teacher_called(teacher, progress)
    assert model.checkpoint is not None
    # whole patches
    window = look_side(model) // model.patch_size * model.patch_size
    lessons = read_lessons(source, window, model.patch_size, should_stop)
    plan = FastCard(
        teacher=model.card.name,
        teacher_weights=digest_of_weights(model.checkpoint),
        annotations=as_text(resolved(source)),
        annotations_digest=lessons.digest,
        window=window,
        steps=steps,
        names=lessons.names,
    )
    refuse_other_files(output)
    with alone(output):
        run = begun(output, plan, SAME)
        if is_whole(output, run):
            return run
        return _learn(output, run, lessons, model, progress, should_stop, on_loss)


def _learn(
    output: Path,
    run: FastCard,
    lessons: Lessons,
    model: ClipModel,
    progress: Progress | None,
    should_stop: ShouldStop | None,
    on_loss: OnLoss | None,
) -> FastCard:
    """Train, measure, and write what was learnt."""
    learnt_from, held_back = lessons.apart()
    network = new_network(model).to(model.device)
    words = words_of(model, [tuple(one) for one in lessons.phrases.values()]).to(model.device)
    losses = Training(dict(network.named_parameters()), output, lessons.digest).run(
        partial(_loss, network, model, words, run.window, learnt_from),
        run.steps,
        HIGHEST_RATE,
        progress,
        should_stop=should_stop,
        on_loss=on_loss,
    )
    fast = FastModel(fast_card(output, run, model.card), model, network, run.window, "")
    return ended(
        output,
        run,
        {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()},
        pictures=len(learnt_from),
        held_back=len(held_back),
        skipped=tuple(lessons.skipped),
        loss=float(np.mean(losses[-LAST_STEPS:])),
        iou=measured(fast, held_back, lessons, progress, should_stop),
    )


def measured(
    model: FastModel,
    pictures: Sequence[Taught],
    lessons: Lessons,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, float]:
    """Return intersection over union of background and of each name, over the pixels of all pictures."""
    tell, check = progress or (lambda stage, done, total: None), checking(should_stop, STOPPED)
    names = lessons.names
    right, either = np.zeros(len(names) + 1), np.zeros(len(names) + 1)
    for number, one in enumerate(pictures):
        check()
        tell(MEASURING, number, len(pictures))
        shown = (one.picture.permute(1, 2, 0).float() / 255).numpy()
        scores = model.scores(shown, [tuple(lessons.phrases[names[k]]) for k in one.names])
        scores = F.interpolate(scores[None], tuple(one.truth.shape), mode="bilinear", align_corners=False)[0]
        places = np.array([0, *(k + 1 for k in one.names)])
        found, truth = places[scores.argmax(0).numpy()], one.truth.numpy()
        for place in places:
            said, there = (found == place) & (truth != VOID), truth == place
            right[place] += (said & there).sum()
            either[place] += (said | there).sum()
    tell(MEASURING, len(pictures), len(pictures))
    called = ("background", *names)
    return {name: float(right[k] / either[k]) for k, name in enumerate(called) if either[k]}


def _loss(
    network: FastNetwork,
    model: ClipModel,
    words: Tensor,
    window: int,
    shown: Sequence[Taught],
    chance: torch.Generator,
) -> Tensor:
    """The loss of one step, on windows drawn by chance."""
    chosen = torch.randint(len(shown), (BATCH,), generator=chance).tolist()
    windows = [drawn(shown[number], window, model.patch_size, chance) for number in chosen]
    return loss_of(network, model, words, windows)
