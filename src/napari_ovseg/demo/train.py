"""Train the bundled model: ``python -m napari_ovseg.demo.train --nuclei FOLDER --output FOLDER``.

A small CLIP in open_clip's own architecture learns from pictures and phrases only. Two scores are
trained: that of the class token, and that of the best-matching patches, read through the value path of
the last block as MaskCLIP reads them (Zhou et al., ECCV 2022) and pooled by a softmax over patches. The
second is what makes the maps of a small model useful: the phrase must be found *somewhere*, nobody says
where. The sigmoid loss is that of SigLIP (Zhai et al., ICCV 2023, eq. 1), balanced.
"""

from __future__ import annotations

import json
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
from open_clip.pos_embed import get_2d_sincos_pos_embed
from safetensors.torch import save_file
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
    SYNONYMS,
    TEXTURES,
    VOCABULARY,
    Phrase,
)

HERE = Path(__file__).parent
ARCHITECTURE = HERE / "ovseg-demo.json"
TEMPLATES = (
    "{}",
    "{}",
    "a {}",
    "a photo of a {}",
    "a picture of {}",
    "an image of {}",
    "a microscope image of {}",
)
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


def wording(phrase: Phrase, rng: np.random.Generator) -> str:
    """The phrase as somebody might write it: a synonym now and then, and a template around it."""
    words = []
    for word in (phrase.colour, phrase.pattern, phrase.kind):
        others = SYNONYMS.get(word, ())
        words.append(str(rng.choice(others)) if others and rng.random() < 0.3 else word)
    return str(rng.choice(TEMPLATES)).format(" ".join(filter(None, words)))


def all_wordings() -> list[str]:
    """Every wording training may use, which fixes the words the model knows."""
    words = {w for phrase in VOCABULARY for w in (phrase.colour, phrase.pattern, phrase.kind) if w}
    forms = words | {other for word in words for other in SYNONYMS.get(word, ())}
    return sorted(template.format(form) for template in set(TEMPLATES) for form in forms)


class Tower(nn.Module):
    """The CLIP being trained, with its token table cut down to the words in use."""

    def __init__(self) -> None:
        super().__init__()
        config = json.loads(ARCHITECTURE.read_text())
        self.clip = open_clip.CLIP(**config)
        self.tokenizer = open_clip.SimpleTokenizer(context_length=config["text_cfg"]["context_length"])
        self.used = torch.unique(self.tokenizer(all_wordings()))
        table = self.clip.token_embedding.weight.data
        self.clip.token_embedding = nn.Embedding.from_pretrained(table[self.used].clone(), freeze=False)
        # waves as a start make "the patch to the left" the same direction everywhere
        visual = self.clip.visual
        waves = get_2d_sincos_pos_embed(visual.positional_embedding.shape[1], visual.grid_size[0])
        visual.positional_embedding.data[1:] = torch.from_numpy(waves).float()

    def text(self, texts: list[str]) -> Tensor:
        """Unit vectors ``(N, D)`` of N texts; padding is left out: the mask is causal."""
        tokens = torch.searchsorted(self.used, self.tokenizer(texts))
        ends = tokens.argmax(dim=1)  # the end-of-text token has the highest number
        length = int(ends.max()) + 1
        x = self.clip.token_embedding(tokens[:, :length]) + self.clip.positional_embedding[:length]
        x = self.clip.transformer(x, attn_mask=self.clip.attn_mask[:length, :length])
        x = self.clip.ln_final(x)[torch.arange(len(texts)), ends] @ self.clip.text_projection
        return F.normalize(x, dim=-1)

    def image(self, pictures: Tensor, corner: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Unit vectors of the class token ``(B, D)`` and of the patches ``(B, n, D)``.

        ``pictures`` are ``(B, 3, h, w)``, normalised. ``corner`` is the place (row and column of patches) in
        the grid of position embeddings that a crop smaller than the model's own input is put at, so that
        neighbours are always neighbours.
        """
        visual = self.clip.visual
        x = visual.conv1(pictures)
        (gh, gw), side = x.shape[-2:], visual.grid_size[0]
        x = x.flatten(2).transpose(1, 2)
        positions = visual.positional_embedding[1:].view(side, side, -1)
        positions = positions[corner[0] : corner[0] + gh, corner[1] : corner[1] + gw].reshape(gh * gw, -1)
        cls = (visual.class_embedding + visual.positional_embedding[0]).expand(len(x), 1, -1)
        x = visual.ln_pre(torch.cat([cls, x + positions], dim=1))
        *first, last = visual.transformer.resblocks
        for block in first:
            x = block(x)
        width = x.shape[-1]
        values = F.linear(
            last.ln_1(x), last.attn.in_proj_weight[2 * width :], last.attn.in_proj_bias[2 * width :]
        )
        patches = last.attn.out_proj(values[:, 1:])
        pooled = visual.ln_post(last(x)[:, 0]) @ visual.proj
        return F.normalize(pooled, dim=-1), F.normalize(visual.ln_post(patches) @ visual.proj, dim=-1)

    def logits(self, images: Tensor, texts: Tensor) -> Tensor:
        """Sigmoid-loss logits ``(..., P)`` of unit vectors ``(..., D)`` against ``(P, D)``."""
        return self.clip.logit_scale.exp() * images @ texts.T + self.clip.logit_bias


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


def save(tower: Tower, path: Path) -> None:
    """Write the weights as float16 safetensors, and the known words; all others get the vector 0."""
    state = {
        key: value.half().contiguous()
        for key, value in tower.clip.state_dict().items()
        if "attn_mask" not in key
    }
    vocab_size = json.loads(ARCHITECTURE.read_text())["text_cfg"]["vocab_size"]
    table = torch.zeros(vocab_size, state["token_embedding.weight"].shape[1], dtype=torch.float16)
    table[tower.used] = state["token_embedding.weight"]
    state["token_embedding.weight"] = table
    save_file(state, path)
    words = sorted({word for text in all_wordings() for word in text.split()})
    path.with_name("vocabulary.txt").write_text("\n".join(words) + "\n")


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
