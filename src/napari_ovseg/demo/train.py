"""Train the bundled model: ``python -m napari_ovseg.demo.train --nuclei FOLDER --output FOLDER``.

A small CLIP in open_clip's own architecture learns from pictures and phrases only. Two scores are
trained: that of the class token, and that of the best-matching patches, read through the value path of
the last block as MaskCLIP reads them (Zhou et al., ECCV 2022) and pooled by a softmax over patches. The
second is what makes the maps of a small model useful: the phrase must be found *somewhere*, nobody says
where. The sigmoid loss is that of SigLIP (Zhai et al., ICCV 2023, eq. 1), balanced.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
import typer
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from napari_ovseg.demo.crops import (
    FALSE,
    TRUE,
    Canvas,
    crop,
    nuclei_canvas,
    nuclei_split,
    scene_canvas,
)
from napari_ovseg.demo.phrases import (
    COLOURS,
    INDEX,
    PARTICLES,
    PATTERNS,
    SHAPES,
    TEXTURES,
    VOCABULARY,
    Phrase,
    wording,
)
from napari_ovseg.demo.tower import Tower, save

# side of the crops in pixels -> crops in a batch, so that every step costs about the same
BATCHES = {32: 224, 64: 64, 96: 28, 128: 16}
# how often each side is drawn: first many small pictures, as shapes take many to learn, then whole scenes
EARLY, LATE = (0.85, 0.15, 0.0, 0.0), (0.35, 0.4, 0.15, 0.1)
LATE_FROM = 0.55
PHRASES_PER_STEP = 128
CALIBRATION = 0.25
# single words, told apart among their like
GROUPS = [
    np.array([INDEX[Phrase(colour=word)] for word in COLOURS]),
    np.array([INDEX[Phrase(pattern=word)] for word in PATTERNS]),
    np.array([INDEX[Phrase(kind=word)] for word in (*SHAPES, *PARTICLES, *TEXTURES, "nuclei")]),
]
POOL_TEMPERATURE = 2.0
CHECKPOINT_EVERY = 250
MEAN, STD = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD


def loss_of_logits(logits: Tensor, said: Tensor, columns: list[slice]) -> Tensor:
    """How badly logits agree with what is said, both ``(B, P)``: `TRUE`, `FALSE` or `UNSAID`; in nats.

    A sigmoid loss makes the logits mean a probability, and each true pair is held against every picture it is
    denied of. In each group of ``columns`` (colours, patterns, kinds, whole phrases) it is also held against
    what is denied of the same picture, so that the hard choice between shapes is not lost among easy ones.
    """
    true, false = said == TRUE, said == FALSE
    sigmoid = F.softplus(-logits)[true].mean() + 2 * F.softplus(logits)[false].mean()
    denied = logits.masked_fill(~false, -1e4)
    per_phrase = F.softplus(denied.logsumexp(dim=0, keepdim=True) - logits)[true].mean()
    loss = CALIBRATION * (sigmoid + per_phrase)
    for group in columns:
        against = F.softplus(denied[:, group].logsumexp(dim=1, keepdim=True) - logits[:, group])[
            true[:, group]
        ]
        if len(against):
            loss = loss + against.mean()
    return loss


def batches(
    canvases: list[Canvas], real: list[Canvas], seed: int, start: int, steps: int
) -> Iterator[tuple[Tensor, Tensor, list[str], tuple[int, int]]]:
    """Yield crops ``(B, 3, s, s)``, what is said of them ``(B, P)``, the P phrases in words, and a corner."""
    for step in range(start, steps):
        rng = np.random.default_rng((seed, step))  # each step has its own seed
        size = int(rng.choice(list(BATCHES), p=EARLY if step < LATE_FROM * steps else LATE))
        pools = [real if real and rng.random() < 0.2 else canvases for _ in range(BATCHES[size])]
        cut = [crop(pool[int(rng.integers(len(pool)))], size, rng) for pool in pools]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in cut]))
        said = np.stack([truth for _, truth in cut])
        asked = _phrases_to_ask(said, rng)
        corner = (int(rng.integers(0, 17 - size // 8)), int(rng.integers(0, 17 - size // 8)))
        pictures = (pictures - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        texts = [wording(VOCABULARY[k], rng) for k in asked]
        yield pictures, torch.from_numpy(said[:, asked]), texts, corner


def _phrases_to_ask(said: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.intp]:
    """The groups of single words first, then phrases true of some crop, then others; held-out ones never."""
    allowed = np.array([not phrase.held_out for phrase in VOCABULARY])
    rest = allowed & ~np.isin(np.arange(len(VOCABULARY)), np.concatenate(GROUPS))
    true = (said == TRUE).any(axis=0)
    order = [rng.permutation(np.flatnonzero(group)) for group in (rest & true, rest & ~true)]
    return np.concatenate([*GROUPS, *order])[:PHRASES_PER_STEP]


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


def loss_of(
    tower: Tower, pictures: Tensor, said: Tensor, texts: list[str], corner: tuple[int, int]
) -> Tensor:
    """The loss of one step of `batches`: class token and pooled patches against every asked phrase."""
    words = tower.text(texts)
    cls, patches = tower.image(pictures, corner)
    dense = tower.logits(patches, words)  # (B, n, P)
    pooled = (dense * (dense / POOL_TEMPERATURE).softmax(dim=1)).sum(dim=1)
    ends = np.cumsum([0, *map(len, GROUPS), said.shape[1]])
    columns = [slice(start, end) for start, end in zip(ends[:-1], [*ends[1:-1], None], strict=True)]
    return loss_of_logits(tower.logits(cls, words), said, columns) + loss_of_logits(pooled, said, columns)


def train(nuclei: Path | None, output: Path, steps: int, scenes: int, seed: int, rate: float) -> None:
    """Train and write ``demo.safetensors``; a run that was stopped goes on from its last checkpoint.

    ``nuclei`` is the folder of BBBC038, None for no real pictures; ``output`` that of the weights, the known
    words and the checkpoint, made if it isn't there. ``steps`` are those of the whole training, before a
    stop and after it; ``rate`` is the highest learning rate, reached after 6 % of them.
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
    canvases = [scene_canvas((seed, k)) for k in tqdm(range(scenes), desc="Drawing scenes")]
    real = [nuclei_canvas(nuclei, row) for row in nuclei_split(nuclei, "train")] if nuclei else []
    bar = tqdm(
        _ahead(batches(canvases, real, seed, start, steps)), desc="Training", initial=start, total=steps
    )
    for step, batch in enumerate(bar, start + 1):
        loss = loss_of(tower, *batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        if step % CHECKPOINT_EVERY == 0 or step == steps:
            state = {"tower": tower.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"schedule": schedule.state_dict(), "step": step}, checkpoint)
            save(tower, output / "demo.safetensors")


def main(
    output: Annotated[Path, typer.Option(help="Folder for demo.safetensors and the checkpoint.")],
    nuclei: Annotated[
        Path | None, typer.Option(help="Folder of BBBC038 nuclei pictures; none are used without it.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 5000,
    scenes: Annotated[int, typer.Option(help="Scenes to cut crops from.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data and the same start.")] = 0,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
) -> None:
    """Train the bundled model from scratch, or go on with a run that was stopped."""
    train(nuclei, output, steps, scenes, seed, rate)


if __name__ == "__main__":
    typer.run(main)
