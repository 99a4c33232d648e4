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

import torch
import typer
from torch import nn
from tqdm import tqdm

from napari_ovseg.demo.batches import batches, pools_of
from napari_ovseg.demo.loss import loss_of
from napari_ovseg.demo.tower import Tower, save
from napari_ovseg.demo.watch import Watch
from napari_ovseg.models.clip.registry import DEMO_WEIGHTS

CHECKPOINT_EVERY = 250


def train(
    nuclei: Path | None,
    large_nuclei: Path | None,
    output: Path,
    steps: int,
    scenes: int,
    seed: int,
    rate: float,
) -> None:
    """Train and write the weights; a run that was stopped goes on from its last checkpoint.

    ``nuclei`` is the folder of BBBC038, None for no real pictures, ``large_nuclei`` that of its large ones;
    ``output`` that of the weights, the known words, the checkpoint and the curve, made if it isn't there.
    ``steps`` are those of the whole training, before a stop and after it; ``rate`` is the highest learning
    rate, reached after 6 % of them.
    """
    output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    tower = Tower()
    decay = [p for p in tower.parameters() if p.ndim > 1]
    rest = [p for p in tower.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.06)
    start, checkpoint = 0, output / "checkpoint.pt"
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        tower.load_state_dict(saved["tower"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        start = saved["step"]
    pools = pools_of(nuclei, large_nuclei, scenes, seed)
    watch = Watch(nuclei, output / "curve.csv")
    bar = tqdm(_ahead(batches(pools, seed, start, steps)), desc="Training", initial=start, total=steps)
    for step, batch in enumerate(bar, start + 1):
        loss = loss_of(tower, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        if step % CHECKPOINT_EVERY == 0 or step == steps:
            state = {"tower": tower.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"schedule": schedule.state_dict(), "step": step}, checkpoint)
            save(tower, output / DEMO_WEIGHTS)
            watch.look(tower, step, loss.item())


def _ahead(source: Iterator, depth: int = 4) -> Iterator:
    """Make batches in a thread while the last one is being learnt from."""
    ready: queue.Queue = queue.Queue(depth)
    end = object()

    def fill() -> None:
        for item in source:
            ready.put(item)
        ready.put(end)

    threading.Thread(target=fill, daemon=True).start()
    while (item := ready.get()) is not end:
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
) -> None:
    """Train the bundled model from scratch, or go on with a run that was stopped."""
    train(nuclei, large_nuclei, output, steps, scenes, seed, rate)


if __name__ == "__main__":
    typer.run(main)
