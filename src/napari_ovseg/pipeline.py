"""Test-time distillation, from a picture and typed names to masks.

Zabari & Hoshen, "Open-Vocabulary Semantic Segmentation Using Test-Time Distillation" (ECCVW 2022):
views of the picture -> relevance of each name -> fused maps -> pseudo-labels -> a network trained on this one
picture -> edges. Each step is one file; this one only says in which order they come.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from napari_ovseg import __version__, augmentation
from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import Cancelled, InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.pseudo_labels import compete, paint, pseudo_labels
from napari_ovseg.relevance import relevance_from_states
from napari_ovseg.single_image import deep_components, distil, sharpen, walk

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model

Progress = Callable[[str, int, int], None]
ShouldStop = Callable[[], bool]
OnPseudoLabels = Callable[[np.ndarray, np.ndarray], None]

LOOKING = "Looking at the picture"
PSEUDO = "Pseudo-labels"
TRAINING = "Training on this picture"
EDGES = "Edges"

# the per-image network works at this long side at most, whatever the size of the picture
WORK_SIDE = 512
ABSENT_BELOW = 0.5


@dataclass(frozen=True)
class Segmentation:
    """What `segment` returns. Ids: 0 background, 1..C in typed order, void 255 (65535 past 254 categories).

    Attributes
    ----------
    categories : tuple of Category
        The C categories to find, in typed order.
    background : Category or None
        The words that are not wanted.
    relevance : np.ndarray
        ``(C, h, w)``, float32 in [0, 1]: the fused maps.
    pseudo_labels : np.ndarray
        ``(H, W)``, uint8 or uint16, with void.
    masks : np.ndarray
        ``(H, W)``, uint8 or uint16, without void.
    confidence : np.ndarray
        ``(H, W)``, float32 in [0, 1]: how clearly the mask's category leads.
    presence : np.ndarray
        ``(C,)``, float32 in [0, 1]: how sure the model is that the category is there at all.
    record : dict
        Settings, versions, seed, seconds per stage, warnings; can be written as JSON.
    stages : dict of str to torch.Tensor
        ``(C + 1, h, w)`` soft scores after each stage, background first, for measuring each alone.
    """

    categories: tuple[Category, ...]
    background: Category | None
    relevance: np.ndarray
    pseudo_labels: np.ndarray
    masks: np.ndarray
    confidence: np.ndarray
    presence: np.ndarray
    record: dict[str, Any]
    stages: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)


class _Run:
    """Tells the caller how far a run is, asks whether to go on, and takes the time of each stage."""

    def __init__(self, progress: Progress | None, should_stop: ShouldStop | None) -> None:
        self.progress = progress or (lambda stage, done, total: None)
        self.should_stop = should_stop or (lambda: False)
        self.seconds: dict[str, float] = {}

    def check(self) -> None:
        if self.should_stop():
            raise Cancelled("Stopped; nothing was changed.")

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        self.check()
        self.progress(name, 0, total)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 4)
        self.progress(name, total, total)


def segment(
    image: Any,
    categories: str | Category | Iterable[str | Category],
    *,
    model: Model,
    preset: str = "balanced",
    method: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_pseudo_labels: OnPseudoLabels | None = None,
) -> Segmentation:
    """Find the named things in a picture.

    Parameters
    ----------
    image : array-like
        Any picture that `images.to_rgb` reads.
    categories : str, Category or iterable of them
        The typed list, as `categories.parse_categories` reads it.
    model : Model
        From `load_model`.
    preset : {"fast", "balanced", "best"}
        How many views.
    method : str, optional
        Relevance method; by default the one that suits the model.
    seed : int
        Same input, settings and seed give the same masks on the same machine.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        Asked before every view and training step.
    on_pseudo_labels : callable, optional
        ``on_pseudo_labels(labels, confidence)``, called once, as soon as they exist.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        When the picture, the names or the preset can't be used.
    Cancelled
        Within one view or training step of ``should_stop()`` turning true.
    """
    named = parse_categories(categories)
    picture = to_rgb(image)
    views = augmentation.views_for(preset, *picture.shape[:2])
    run = _Run(progress, should_stop)
    with run.stage(LOOKING, len(views)):
        maps, features, vectors = _look(picture, named, views, model=model, method=method, run=run)
        presence = model.presence(vectors, [name.phrases for name in named if not name.background])
    found = segment_maps(
        picture, maps, features, categories=named, presence=presence, seed=seed,
        progress=progress, should_stop=should_stop, on_pseudo_labels=on_pseudo_labels,
    )  # fmt: skip
    record = {
        "model": model.spec.name,
        "checkpoint": model.spec.checkpoint,
        "method": method or model.spec.method,
        "preset": preset,
        "views": len(views),
        **found.record,
        "warnings": _warnings(model, named) + found.record["warnings"],
        "seconds": run.seconds | found.record["seconds"],
    }
    return replace(found, record=record)


def _look(
    picture: np.ndarray,
    named: tuple[Category, ...],
    views: list[augmentation.View],
    *,
    model: Model,
    method: str | None,
    run: _Run,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Fused maps ``(len(named), h, w)``, deep features ``(F, h, w)``, the views' image vectors ``(V, D)``."""
    texts, owners = _texts(named, model)
    size = picture.shape[:2]
    sizes = [
        augmentation.view_size(view, *size, input_size=model.input_size, patch_size=model.patch_size)
        for view in views
    ]
    grid = augmentation.fused_grid(
        views, [(rows // model.patch_size, columns // model.patch_size) for rows, columns in sizes]
    )
    maps, features, vectors = augmentation.Fusion(grid), augmentation.Fusion(grid), []
    for done, (view, shown) in enumerate(zip(views, sizes, strict=True)):
        run.check()
        states = model.trunk(model.preprocess(augmentation.render(picture, view), shown))
        raw = relevance_from_states(model.network, states, texts, method or model.spec.method)
        maps.add(view, raw[0])
        features.add(view, model.features(states)[0])
        vectors.append(model.image_vectors(states).float().cpu())
        run.progress(LOOKING, done + 1, len(views))
    fused = maps.result()
    per_name = torch.stack([fused[owners == i].amax(0) for i in range(len(named))])
    return per_name, features.result(), torch.cat(vectors)


def _texts(named: tuple[Category, ...], model: Model) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode names to ``(N, D)``, and the category of each: synonyms are one thing, background words many."""
    vectors, owners = [], []
    for owner, category in enumerate(named):
        words = model.encode_text(list(category.phrases)).float().cpu()
        vectors.append(words if category.background else F.normalize(words.mean(0, keepdim=True), dim=1))
        owners += [owner] * len(vectors[-1])
    return torch.cat(vectors), torch.tensor(owners)


def _warnings(model: Model, named: tuple[Category, ...]) -> list[str]:
    """Say what the model does not know, and what went otherwise than asked."""
    unknown = ", ".join(model.unknown_words(named))
    teach = f"The model {model.spec.name!r} never saw these words, so don't trust their masks: {unknown}."
    return [*([teach] if unknown else []), *model.notes]


def segment_maps(
    picture: Any,
    maps: Any,
    features: Any = None,
    *,
    categories: str | Category | Iterable[str | Category] | None = None,
    presence: Any = None,
    seed: int = 0,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_pseudo_labels: OnPseudoLabels | None = None,
) -> Segmentation:
    """Pseudo-labels and masks from a picture and rough maps of any source: the second half of `segment`.

    Parameters
    ----------
    picture : array-like
        Any picture that `images.to_rgb` reads, ``(H, W)`` pixels.
    maps : array-like
        ``(C, h, w)``, one rough map per category, any scale: each is normalised here. With a background
        category, its map comes last.
    features : array-like, optional
        ``(F, gh, gw)`` deep features of the picture, any grid; without them colour and position must do.
    categories : str, Category or iterable of them, optional
        One per map; by default "category 1", "category 2" and so on.
    presence : array-like, optional
        ``(C,)`` in [0, 1]; a category under 0.5 is not painted. By default all are there.
    seed, progress, should_stop, on_pseudo_labels
        As in `segment`.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        When the shapes don't fit together or a map holds NaN or infinity.
    Cancelled
        Within one training step of ``should_stop()`` turning true.
    """
    rgb = to_rgb(picture)
    raw = _checked(maps, "maps")
    named = parse_categories(categories or [f"category {i + 1}" for i in range(len(raw))])
    sought = tuple(name for name in named if not name.background)
    if len(named) != len(raw):
        raise InputError(f"There are {len(raw)} maps for {len(named)} categories; give one map for each.")
    sure = torch.ones(len(sought)) if presence is None else torch.as_tensor(presence).float()
    run, size, stages = _Run(progress, should_stop), rgb.shape[:2], {}

    with run.stage(PSEUDO):
        relevance = augmentation.normalise(raw)
        there = sure >= ABSENT_BELOW
        present = torch.cat([there, torch.ones(len(named) - len(sought), dtype=torch.bool)])
        deep = None if features is None else deep_components(_checked(features, "features"))
        stages["relevance"] = _shares(relevance, present, len(sought))
        spread = relevance if deep is None else augmentation.normalise(walk(relevance, deep))
        stages["pseudo-labels"] = _shares(spread, present, len(sought))
        pseudo = pseudo_labels(stages["pseudo-labels"], size)
        if on_pseudo_labels is not None:
            on_pseudo_labels(pseudo.labels, pseudo.confidence)
    small = _at_most(rgb, WORK_SIDE)
    with run.stage(TRAINING):
        stages["distilled"] = distil(
            small, stages["pseudo-labels"], deep, seed=seed, should_stop=run.should_stop,
            step_done=lambda done, total: run.progress(TRAINING, done, total),
        )  # fmt: skip
    with run.stage(EDGES):
        stages["edges"] = sharpen(stages["distilled"], torch.from_numpy(small).permute(2, 0, 1))
        masks, confidence = paint(stages["edges"], size)

    record = {
        "seed": seed,
        "absent": [name.name for name, is_there in zip(sought, there.tolist(), strict=True) if not is_there],
        "warnings": [],
        "seconds": run.seconds,
        "versions": {
            "napari-ovseg": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
    return Segmentation(
        sought, named[-1] if len(named) > len(sought) else None,
        relevance[: len(sought)].numpy(), pseudo.labels, masks, confidence, sure.numpy(), record, stages,
    )  # fmt: skip


def _shares(maps: torch.Tensor, present: torch.Tensor, sought: int) -> torch.Tensor:
    """Let the maps of what is present compete with background."""
    maps = maps * present[:, None, None]
    return compete(maps[:sought], maps[-1] if len(maps) > sought else None)


def _checked(values: Any, what: str) -> torch.Tensor:
    """``(K, h, w)`` float32 on the CPU, or an error that says what is wrong."""
    tensor = torch.as_tensor(values).detach().float().cpu()
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise InputError(f"The {what} have the shape {tuple(tensor.shape)}; give (count, rows, columns).")
    if not torch.isfinite(tensor).all():
        raise InputError(f"The {what} hold NaN or infinity; replace these values by finite ones.")
    return tensor


def _at_most(picture: np.ndarray, side: int) -> np.ndarray:
    """Reduce the picture, by averaging, to a long side of ``side`` pixels at most."""
    height, width = picture.shape[:2]
    if max(height, width) <= side:
        return picture
    shrink = side / max(height, width)
    size = [max(1, round(height * shrink)), max(1, round(width * shrink))]
    planes = F.interpolate(torch.from_numpy(picture).permute(2, 0, 1)[None], size, mode="area")[0]
    return planes.permute(1, 2, 0).contiguous().numpy()
