"""Train the bundled model: ``python -m napari_ovseg.demo.train --nuclei FOLDER --output FOLDER``.

A small CLIP in open_clip's own architecture learns from pictures and phrases only. Three scores are
trained: that of the class token, that of the best-matching patches of a crop, and that of the best-matching
patches of small windows in it. Patches are read through the value path of the last block as MaskCLIP reads
them (Zhou et al., ECCV 2022) and pooled by a softmax over them. What is said of a window is true of the
window, not of what is beside it: so a phrase has to be found where its thing is. The sigmoid loss is that of
SigLIP (Zhai et al., ICCV 2023, eq. 1), balanced.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zlib import crc32

import torch
import typer
from torch import nn
from tqdm import tqdm

from napari_ovseg.atomic import write_atomically
from napari_ovseg.demo.batches import Batch, batches, pools_of
from napari_ovseg.demo.loss import loss_of
from napari_ovseg.demo.tower import Tower, load, save
from napari_ovseg.demo.watch import Watch
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.registry import DEMO_WEIGHTS

CHECKPOINT_EVERY = 250
LEAST_PATCH_AREA = 0.9


class Learning:
    """A tower that learns, and what is needed to go on with that after a stop.

    Parameters
    ----------
    asked : dict of str to float
        What the training was asked for: its steps, its highest rate, and all else that its end depends on.
    checkpoint : pathlib.Path
        One that is there is gone on from.
    start : pathlib.Path or None
        Weights of another training to start from; None for random ones.

    Raises
    ------
    InputError
        When the checkpoint is of a training that was asked for something else.
    """

    def __init__(self, asked: dict[str, float], checkpoint: Path, start: Path | None) -> None:
        self.asked, self.checkpoint, self.step = asked, checkpoint, 0
        torch.manual_seed(int(asked["seed"]))
        self.tower = Tower()
        if start:
            load(self.tower, start)
        decay = [p for p in self.tower.parameters() if p.ndim > 1]
        rest = [p for p in self.tower.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=asked["rate"], betas=(0.9, 0.98))
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, asked["rate"], total_steps=int(asked["steps"]) + 1, pct_start=0.06
        )
        if checkpoint.is_file():
            self._go_on()

    def learn(self, batch: Batch) -> float:
        """Take one step, and return its loss."""
        loss = loss_of(self.tower, batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.tower.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        return loss.item()

    def keep(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "tower": self.tower.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "asked": self.asked,
        }
        write_atomically(self.checkpoint, lambda file: torch.save(state, file))

    def _go_on(self) -> None:
        saved = torch.load(self.checkpoint, weights_only=True)
        if saved["asked"] != self.asked:
            raise InputError(
                f"The training in {self.checkpoint.parent} was begun with {saved['asked']}, and this is "
                f"{self.asked}: give the same again, or name another folder."
            )
        self.tower.load_state_dict(saved["tower"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.schedule.load_state_dict(saved["schedule"])
        self.step = saved["step"]


def train(
    nuclei: Path | None,
    large_nuclei: Path | None,
    output: Path,
    steps: int,
    scenes: int,
    seed: int,
    rate: float,
    start: Path | None = None,
) -> None:
    """Train and write the weights; a run that was stopped goes on from its last checkpoint.

    Weights whose patches don't tell nuclei from ground are not written: the area under the curve must be 0.9
    in each exposure, see `Watch`. So those that are there may be of an earlier step.

    ``nuclei`` is the folder of BBBC038, None for no real pictures, ``large_nuclei`` that of its large ones;
    ``output`` that of the weights, the known words, the checkpoint and the curve, made if it isn't there.
    ``steps`` are those of the whole training, before a stop and after it; ``rate`` is the highest learning
    rate, reached after 6 % of them. ``start`` are weights of another training to begin with.
    """
    output.mkdir(parents=True, exist_ok=True)
    asked = {"steps": steps, "scenes": scenes, "seed": seed, "rate": rate}
    asked |= {"nuclei": nuclei is not None, "large_nuclei": large_nuclei is not None}
    asked["start"] = start is not None and crc32(start.read_bytes())
    learning = Learning(asked, output / "checkpoint.pt", start)
    pools = pools_of(nuclei, large_nuclei, scenes, seed)
    watch = Watch(nuclei, output / "curve.csv")
    source = _ahead(batches(pools, seed, learning.step, steps))
    bar = tqdm(source, desc="Training", initial=learning.step, total=steps)
    for batch in bar:
        loss = learning.learn(batch)
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        if learning.step % CHECKPOINT_EVERY == 0 or learning.step == steps:
            if watch.look(learning.tower, learning.step, loss) >= LEAST_PATCH_AREA:
                save(learning.tower, output / DEMO_WEIGHTS)
            # last, so that all of it is done again after a stop in between
            learning.keep()


def _ahead(source: Iterator[Batch], depth: int = 4) -> Iterator[Batch]:
    """Make batches in a thread while the last one is being learnt from; what it raises is raised here."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(depth)

    def fill() -> None:
        try:
            for item in source:
                ready.put(item)
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=fill, daemon=True).start()
    while (item := ready.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


def main(
    output: Annotated[Path, typer.Option(help="Folder for the weights, the curve and the checkpoint.")],
    nuclei: Annotated[
        Path | None, typer.Option(help="Folder of BBBC038 nuclei pictures; none are used without it.")
    ] = None,
    large_nuclei: Annotated[
        Path | None, typer.Option(help="Folder of large BBBC038 pictures; every second one is used.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 5000,
    scenes: Annotated[int, typer.Option(help="Scenes to cut crops from.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data and the same start.")] = 0,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
    start: Annotated[Path | None, typer.Option(help="Weights of another training to start from.")] = None,
) -> None:
    """Train the bundled model, or go on with a run that was stopped."""
    train(nuclei, large_nuclei, output, steps, scenes, seed, rate, start)


if __name__ == "__main__":
    typer.run(main)
