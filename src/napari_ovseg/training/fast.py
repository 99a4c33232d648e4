"""``train fast``: a person's own masks become a model that does the rest in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.categories import void_of
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, at_home, resolved
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.fast.card import FastCard, fast_card
from napari_ovseg.models.fast.model import FastModel, new_network, words_of
from napari_ovseg.models.fast.network import FastNetwork
from napari_ovseg.models.run_card import digest_of_weights
from napari_ovseg.segmentation import Progress, ShouldStop, checking
from napari_ovseg.training.adaptation import LAST_STEPS, teacher_called
from napari_ovseg.training.alone import alone
from napari_ovseg.training.annotated import NOT_DONE, Annotated, names_of, read_annotated
from napari_ovseg.training.fast_examples import Taught, drawn, taught
from napari_ovseg.training.fast_loss import loss_of
from napari_ovseg.training.resumable import STOPPED, OnLoss, Training
from napari_ovseg.training.run_folder import begun, ended, is_whole, refuse_other_files
from napari_ovseg.training.targets import look_side

STEPS = 150
BATCH = 4
HIGHEST_RATE = 2e-3
# one picture of so many is held back to measure on, once there are so many
HELD_BACK_OF = 5
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
    skipped: list[str] = []
    pictures = _read(source, skipped, should_stop)
    if not pictures:
        raise InputError(_why_none(source, skipped))
    model = teacher_called(teacher, progress)
    assert model.checkpoint is not None
    names = names_of(pictures)
    if not names:
        raise InputError(f"The masks of {as_text(source)} have no names: give them names first.")
    window = look_side(model)
    plan = FastCard(
        teacher=model.card.name,
        teacher_weights=digest_of_weights(model.checkpoint),
        annotations=as_text(resolved(source)),
        annotations_digest=digest_of([_digest(one) for one in pictures]),
        window=window,
        steps=steps,
        names=names,
    )
    refuse_other_files(output)
    with alone(output):
        run = begun(output, plan, SAME)
        if is_whole(output, run):
            return run
        learnt_from, held_back = apart(pictures)
        shown = [taught(one, names, window, model.patch_size) for one in learnt_from]
        network = new_network(model).to(model.device)
        words = words_of(model, [_phrases(name, pictures) for name in names]).to(model.device)
        loss_of = partial(_loss, network, model, words, window, shown)
        losses = Training(dict(network.named_parameters()), output, plan.annotations_digest).run(
            loss_of, steps, HIGHEST_RATE, progress, should_stop=should_stop, on_loss=on_loss
        )
        fast = FastModel(fast_card(output, run, model.card), model, network, window, "")
        return ended(
            output,
            run,
            {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()},
            pictures=len(learnt_from),
            held_back=len(held_back),
            skipped=tuple(skipped),
            loss=float(np.mean(losses[-LAST_STEPS:])),
            iou=measured(fast, held_back, names, progress, should_stop),
        )


def apart(pictures: Sequence[Annotated]) -> tuple[list[Annotated], list[Annotated]]:
    """Return the pictures to learn from, and each fifth, in an order that only their content decides."""
    if len(pictures) < HELD_BACK_OF:
        return list(pictures), []
    ordered = sorted(pictures, key=_digest)
    return [one for k, one in enumerate(ordered) if k % HELD_BACK_OF], ordered[::HELD_BACK_OF]


def measured(
    model: FastModel,
    pictures: Sequence[Annotated],
    names: Sequence[str],
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> dict[str, float]:
    """Return intersection over union of background and of each name, over the pixels of all pictures."""
    tell, check = progress or (lambda stage, done, total: None), checking(should_stop, STOPPED)
    right, either = np.zeros(len(names) + 1), np.zeros(len(names) + 1)
    for number, one in enumerate(pictures):
        check()
        tell(MEASURING, number, len(pictures))
        asked = [label.name for label in one.categories]
        scores = model.scores(one.picture, [(label.name, *label.synonyms) for label in one.categories])
        scores = F.interpolate(scores[None], one.labels.shape, mode="bilinear", align_corners=False)[0]
        ids = np.array([0, *(label.id for label in one.categories)])
        found = ids[scores.argmax(0).numpy()]
        known = one.labels != void_of(one.labels)
        for name, id in zip(("background", *asked), ids, strict=True):
            place = 0 if id == 0 else names.index(name) + 1
            said, true = (found == id) & known, (one.labels == id) & known
            right[place] += (said & true).sum()
            either[place] += (said | true).sum()
    tell(MEASURING, len(pictures), len(pictures))
    called = ("background", *names)
    return {name: float(right[k] / either[k]) for k, name in enumerate(called) if either[k]}


def _read(source: Path, skipped: list[str], should_stop: ShouldStop | None) -> list[Annotated]:
    """All pictures with masks; why others can't be used is added to `skipped`."""
    check = checking(should_stop, STOPPED)
    pictures: list[Annotated] = []
    check()
    for one in read_annotated(source, skipped):
        pictures.append(one)
        check()
    return pictures


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


def _phrases(name: str, pictures: Sequence[Annotated]) -> tuple[str, ...]:
    """A name and the synonyms that it has in any picture."""
    others = (
        word for one in pictures for label in one.categories if label.name == name for word in label.synonyms
    )
    return tuple(dict.fromkeys((name, *others)))


def _digest(one: Annotated) -> str:
    """Of all that is learnt from a picture."""
    human = b"" if one.human is None else one.human.tobytes()
    content = hashlib.blake2b(one.picture.tobytes() + one.labels.tobytes() + human, digest_size=16)
    return digest_of(
        content.hexdigest(), [(label.id, label.name, *label.synonyms) for label in one.categories]
    )


def _why_none(source: Path, skipped: Sequence[str]) -> str:
    """Say why there is nothing to learn from, and what to do."""
    undone = [reason for reason in skipped if NOT_DONE in reason]
    if undone and len(undone) == len(skipped):
        return (
            f"No picture of {as_text(source)} is marked as done: correct some in the window, mark them as "
            "done, and try again."
        )
    return " ".join([f"No picture of {as_text(source)} can be learnt from.", *skipped[:3]])
