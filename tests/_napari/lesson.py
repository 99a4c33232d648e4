"""A fast stand-in for a training: keeps its contract of progress, stopping and going on."""

from __future__ import annotations

import threading
import time

from napari_ovseg._napari.panel.training_kinds import losses_in
from napari_ovseg.atomic import write_json_atomically, write_text_atomically
from napari_ovseg.errors import Cancelled
from napari_ovseg.file_names import as_text, resolved
from napari_ovseg.models.clip.adapted import AdaptedCard
from napari_ovseg.models.run_card import CARD


def card_of(folder, teacher="demo", steps=3, **more):
    """The card of a training; `weights` makes it a finished one."""
    how = {"teacher_weights": "t", "folder_digest": "d", "side": 64}
    return AdaptedCard(teacher=teacher, folder=as_text(resolved(folder)), steps=steps, **how, **more)


def write_card(output, folder, losses=(), **how):
    """A folder as a training leaves it."""
    output.mkdir(exist_ok=True)
    write_json_atomically(output / CARD, card_of(folder, **how).model_dump())
    rows = [f"{step},{loss}" for step, loss in enumerate(losses, start=1)]
    write_text_atomically(output / "log.csv", "\n".join(["step,loss", *rows, ""]))


class Lesson:
    """Steps that can be held up before each of them."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.error, self.skipped, self.plans = None, (), []

    def learn(self, folder, *, teacher, output, steps, progress, should_stop, on_loss):
        self.plans.append((folder, teacher, output, steps))
        if self.error is not None:
            raise self.error
        losses = losses_in(output)
        for step, loss in enumerate(losses, start=1):
            on_loss(step, loss)
        while len(losses) < steps:
            progress("Learning", len(losses), steps)
            while not self.go.is_set() or should_stop():
                if should_stop():
                    write_card(output, folder, losses, teacher=teacher, steps=steps)
                    raise Cancelled("Stopped.")
                time.sleep(0.002)
            losses.append(1 / (len(losses) + 1))
            on_loss(len(losses), losses[-1])
        done = {"pictures": 2, "skipped": self.skipped, "loss": losses[-1], "weights": "w"}
        write_card(output, folder, losses, teacher=teacher, steps=steps, **done)
        return card_of(folder, teacher, steps, **done)
