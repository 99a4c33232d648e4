"""A training that goes on where it was stopped, with the same weights at its end as if it never had been."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_ovseg.atomic import remove_parts, write_atomically, write_text_atomically
from napari_ovseg.errors import Cancelled, InputError, ModelError
from napari_ovseg.file_names import as_text
from napari_ovseg.segmentation import Progress, ShouldStop, checking

OnLoss = Callable[[int, float], None]

LEARNING = "Learning"
STOPPED = "Stopped; the same training goes on where it was."
CHECKPOINT, LOG = "checkpoint.pt", "log.csv"
CHECKPOINT_EVERY = 25
WARM_UP = 0.1
LONGEST_GRADIENT = 1.0


def rate_at(step: int, steps: int, highest: float) -> float:
    """Return the rate of a step, counted from 0: a line up in a tenth of all, then half a cosine down."""
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return highest * (step + 1) / warm
    return highest * (1 + math.cos(math.pi * (step - warm + 1) / (steps - warm + 1))) / 2


class Training:
    """Parameters, their optimiser (AdamW), where chance stands, and the loss of each step so far.

    Parameters
    ----------
    learning : mapping of str to torch.nn.Parameter
        What is trained, by name.
    folder : Path
        Where ``checkpoint.pt`` and ``log.csv`` are; a checkpoint that is there is gone on from.
    learnt_from : str
        What tells these examples from others: steps of both would not be one training.
    decay : float
        Weight decay of matrices; what is no matrix has none.

    Raises
    ------
    InputError
        When the checkpoint is of other examples.
    ModelError
        When the checkpoint is damaged, or of something else.
    """

    def __init__(
        self, learning: Mapping[str, nn.Parameter], folder: Path, learnt_from: str, *, decay: float = 0.0
    ) -> None:
        self.learning, self.learnt_from = dict(learning), learnt_from
        matrices = [one for one in self.learning.values() if one.ndim == 2]
        others = [one for one in self.learning.values() if one.ndim != 2]
        groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups)
        self.chance = torch.Generator().manual_seed(0)
        self.losses: list[float] = []
        self.checkpoint, self.log = folder / CHECKPOINT, folder / LOG
        for path in (self.checkpoint, self.log):
            remove_parts(path)
        if self.checkpoint.is_file():
            self._go_on()

    def run(
        self,
        loss_of: Callable[[torch.Generator], Tensor],
        steps: int,
        highest: float,
        progress: Progress | None = None,
        *,
        should_stop: ShouldStop | None = None,
        on_loss: OnLoss | None = None,
        every: int | None = None,
        at_checkpoint: Callable[[int], object] | None = None,
    ) -> list[float]:
        """Train until so many steps are done, those before a stop included.

        Parameters
        ----------
        loss_of : callable
            The loss of one step; all chance in it comes from the generator that it is given.
        steps : int
        highest : float
            The highest learning rate, see `rate_at`.
        progress : callable, optional
            ``progress(stage, done, total)``.
        should_stop : callable, optional
            ``should_stop() -> bool``, asked before each step.
        on_loss : callable, optional
            ``on_loss(step, loss)`` for each step, counted from 1; first for those before a stop.
        every : int, optional
            Steps from one checkpoint to the next, by default `CHECKPOINT_EVERY`.
        at_checkpoint : callable, optional
            ``at_checkpoint(step)``, called before each checkpoint is written: killed in between, the
            training calls it with the same step again.

        Returns
        -------
        list of float
            The loss of each step.

        Raises
        ------
        Cancelled
            Once ``should_stop()`` is true; the checkpoint then holds all steps that are done.
        ModelError
            When a loss is no number.
        """
        every = every or CHECKPOINT_EVERY
        tell = progress or (lambda stage, done, total: None)
        tell_loss = on_loss or (lambda step, loss: None)
        check = checking(should_stop, STOPPED)
        for before, loss in enumerate(self.losses):
            tell_loss(before + 1, loss)
        tell(LEARNING, len(self.losses), steps)
        while (step := len(self.losses)) < steps:
            try:
                check()
            except Cancelled:
                self._keep(steps, highest)
                raise
            self._learn(loss_of, rate_at(step, steps, highest))
            if step + 1 == steps or (step + 1) % every == 0:
                if at_checkpoint is not None:
                    at_checkpoint(step + 1)
                self._keep(steps, highest)
            tell_loss(step + 1, self.losses[-1])
            tell(LEARNING, step + 1, steps)
        return self.losses

    def _learn(self, loss_of: Callable[[torch.Generator], Tensor], rate: float) -> None:
        """Take one step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(self.chance)
        if not torch.isfinite(loss):
            raise ModelError(
                f"The loss of step {len(self.losses) + 1} is no number, so nothing is learnt from these "
                "pictures: try another model, and please report this."
            )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.learning.values(), LONGEST_GRADIENT)
        self.optimizer.step()
        self.losses.append(loss.item())

    def _keep(self, steps: int, highest: float) -> None:
        """Write the checkpoint and the log; whichever of the two is there is whole."""
        state = {
            "weights": {name: one.detach() for name, one in self.learning.items()},
            "optimizer": self.optimizer.state_dict(),
            "chance": self.chance.get_state(),
            "losses": self.losses,
            "learnt from": self.learnt_from,
        }
        write_atomically(self.checkpoint, lambda file: torch.save(state, file))
        rows = (
            f"{step + 1},{loss:.6f},{rate_at(step, steps, highest):.3e}"
            for step, loss in enumerate(self.losses)
        )
        write_text_atomically(self.log, "\n".join(["step,loss,rate", *rows, ""]))

    def _go_on(self) -> None:
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            with torch.no_grad():
                for name, one in self.learning.items():
                    one.copy_(state["weights"][name])
            self.optimizer.load_state_dict(state["optimizer"])
            self.chance.set_state(state["chance"])
            self.losses = list(state["losses"])
            same = state["learnt from"] == self.learnt_from
        # what is damaged raises whatever its parts do
        except (
            OSError,
            RuntimeError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            pickle.UnpicklingError,
        ) as error:
            raise ModelError(
                f"The checkpoint {as_text(self.checkpoint)} can't be read: remove it, and run the same "
                "command again, which then begins with the first step."
            ) from error
        if not same:
            raise InputError(
                f"The first {len(self.losses)} steps were learnt from other pictures: some can be read now "
                "that could not be read then, or the other way round. Make them as they were, or remove "
                f"{as_text(self.checkpoint)} to begin with the first step."
            )
