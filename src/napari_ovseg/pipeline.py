"""Test-time distillation, from a picture and typed names to masks.

Zabari & Hoshen, "Open-Vocabulary Semantic Segmentation Using Test-Time Distillation" (ECCVW 2022):
views of the picture -> relevance of each name -> fused maps -> pseudo-labels -> a network trained on this one
picture -> edges. Each step is one file; this one only says in which order they come.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from napari_ovseg import __version__, augmentation
from napari_ovseg.categories import Category, parse_categories, same_name, void_id
from napari_ovseg.errors import InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.pseudo_labels import (
    BACKGROUND_POWER,
    BACKGROUND_POWER_OF_COSINES,
    compete,
    paint,
    pseudo_labels,
)
from napari_ovseg.relevance import GRADIENT_METHODS, NEED_LEVELS, Method, relevance_from_states
from napari_ovseg.relevance.cam import BACKGROUND_WORDS
from napari_ovseg.segmentation import OnPseudoLabels, Progress, Run, Segmentation, ShouldStop, State
from napari_ovseg.single_image import (
    EDGE_SIDE,
    STEPS,
    TURNS,
    WORK_SIDE,
    SingleImage,
    deep_components,
    learn,
    sharpen,
    walk,
)

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model

LOOKING = "Looking at the picture"
PSEUDO = "Pseudo-labels"
TRAINING = "Training on this picture"
EDGES = "Edges"
UPDATE = "Learning from corrections"

# presence below which a category is not painted: a sigmoid model's score is a probability, a softmax's is not
ABSENT_BELOW = 0.2
ABSENT_BELOW_RELATIVE = 0.02


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
        Relevance method, one of `relevance.METHODS`; by default the one that suits the model. With
        ``cam``, CLIP-ES's background words compete too, except those among the names.
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
        When the picture, the names or the preset can't be used, or the model lacks the method.
    Cancelled
        Within one view or training step of ``should_stop()`` turning true.
    """
    named = parse_categories(categories)
    picture = to_rgb(image)
    views = augmentation.views_for(preset, *picture.shape[:2])
    run = Run(progress, should_stop)
    with run.stage(LOOKING, len(views)):
        maps, features, vectors = _look(picture, named, views, model=model, method=method, run=run)
        presence = model.presence(vectors, [name.phrases for name in named if not name.background])
    calibrated = getattr(model.network, "logit_bias", None) is not None
    there = presence >= (ABSENT_BELOW if calibrated else ABSENT_BELOW_RELATIVE)
    method = method or model.spec.method
    power = BACKGROUND_POWER if method in GRADIENT_METHODS else BACKGROUND_POWER_OF_COSINES
    found = _refine(picture, maps, features, named, presence, there, power, seed, run, on_pseudo_labels)
    settings = {
        "model": model.spec.name,
        "checkpoint": model.spec.checkpoint,
        "method": method,
        "preset": preset,
        "views": len(views),
    }
    return replace(found, record=settings | found.record | {"warnings": _warnings(model, named)})


def _look(
    picture: np.ndarray,
    named: tuple[Category, ...],
    views: list[augmentation.View],
    *,
    model: Model,
    method: str | None,
    run: Run,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Fused maps ``(len(named), h, w)``, deep features ``(F, h, w)``, the views' image vectors ``(V, D)``."""
    texts, owners = _texts(named, model)
    how = cast(Method, method or model.spec.method)
    others = _rivals(named, model) if how == "cam" else None
    explained = partial(
        relevance_from_states, model.network, text_vectors=texts, method=how, background=others
    )
    size = picture.shape[:2]
    sizes = [
        augmentation.view_size(view, *size, input_size=model.input_size, patch_size=model.patch_size)
        for view in views
    ]
    grid = augmentation.fused_grid(
        views, [(rows // model.patch_size, columns // model.patch_size) for rows, columns in sizes]
    )
    maps, features, vectors = augmentation.Fusion(grid), augmentation.Fusion(grid), []
    # twice what the finest view shows is enough to look at, however large the picture is
    picture = augmentation.reduce(picture, round(2 * max(augmentation.extent(views, sizes))))
    for view, shown in zip(views, sizes, strict=True):
        run.check()
        pixels = model.preprocess(augmentation.render(picture, view), shown)
        states = model.trunk(pixels, levels=how in NEED_LEVELS)
        maps.add(view, model.after_trunk(states, explained)[0])
        features.add(view, model.features(states)[0])
        vectors.append(model.image_vectors(states).float().cpu())
        run.advance()
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


def _rivals(named: tuple[Category, ...], model: Model) -> torch.Tensor | None:
    """Encode CLIP-ES's background words ``(B, D)``, less what the user typed."""
    typed = [phrase for category in named for phrase in category.phrases]
    words = [word for word in BACKGROUND_WORDS if not any(same_name(word, phrase) for phrase in typed)]
    return model.encode_text(words).float().cpu() if words else None


def _warnings(model: Model, named: tuple[Category, ...]) -> list[str]:
    """Say what the model does not know, and what went otherwise than asked."""
    unknown = model.unknown_note(named)
    return [*([unknown] if unknown else []), *model.notes]


def segment_maps(
    picture: Any,
    maps: Any,
    features: Any = None,
    *,
    categories: str | Category | Iterable[str | Category] | None = None,
    presence: Any = None,
    background_power: float = BACKGROUND_POWER,
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
        ``(C,)`` in [0, 1]; a category under 0.2 is not painted. By default all are there.
    background_power : float
        Alpha of the background score ``(1 - max_c M_c) ** alpha``, see `pseudo_labels.compete`. The
        default is for maps with a zero of their own (gradients, activations); 0.5 suits maps of cosines.
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
    deep = None if features is None else _checked(features, "features")
    named = parse_categories(categories or [f"category {i + 1}" for i in range(len(raw))])
    sought = sum(not name.background for name in named)
    if len(named) != len(raw):
        raise InputError(f"There are {len(raw)} maps for {len(named)} categories; give one map for each.")
    sure = torch.ones(sought) if presence is None else torch.as_tensor(presence).float().cpu()
    if sure.shape != (sought,) or not ((sure >= 0) & (sure <= 1)).all():
        raise InputError(f"The presence must be {sought} numbers in [0, 1], one for each category.")
    if not background_power > 0:
        raise InputError(f"The background power must be above 0, not {background_power}.")
    run = Run(progress, should_stop)
    return _refine(
        rgb, raw, deep, named, sure, sure >= ABSENT_BELOW, background_power, seed, run, on_pseudo_labels
    )


def refine(
    image: Any,
    segmentation: Segmentation,
    edited: np.ndarray,
    *,
    locked: Collection[int] = (),
    seed: int = 0,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Segmentation:
    """Learn from corrected masks: what a person painted is kept, and what is like it follows.

    Parameters
    ----------
    image : array-like
        The picture that was segmented.
    segmentation : Segmentation
        From `segment`, `segment_maps` or `refine`.
    edited : array-like
        ``(H, W)``, integers: its masks after a person's changes. Pixels that differ from
        ``segmentation.masks`` are human from then on, 0 too; an id without a category is learnt from its
        pixels alone.
    locked : collection of int
        Ids that only a person gives to or takes from a pixel.
    seed : int
        That of the first run.
    progress, should_stop
        As in `segment`.

    Returns
    -------
    Segmentation
        With new ``masks``, ``human`` and ``confidence``; the rest is that of ``segmentation``.

    Raises
    ------
    InputError
        When the shapes differ or ``edited`` holds what can't be an id.
    Cancelled
        Within one training step of ``should_stop()`` turning true.
    """
    masks, void = segmentation.masks, int(np.iinfo(segmentation.masks.dtype).max)
    changed = np.asarray(edited)
    if changed.shape != masks.shape:
        raise InputError(f"The edited masks have the shape {changed.shape}; the masks have {masks.shape}.")
    if changed.dtype.kind not in "ui" or not ((changed >= 0) & (changed < void)).all():
        raise InputError(f"The edited masks must hold whole numbers from 0 to {void - 1}.")
    changed = changed.astype(masks.dtype)
    human = np.where(changed != masks, changed, segmentation.human)
    run = Run(progress, should_stop)
    with run.stage(TRAINING, TURNS * STEPS):
        learner = SingleImage(
            to_rgb(image), segmentation.state, seed=seed, step_done=run.advance, should_stop=run.should_stop
        )
    with run.stage(UPDATE):
        found = learner.update(changed, human, locked=locked, should_stop=run.should_stop)
    record = segmentation.record | {"seconds": segmentation.record["seconds"] | run.seconds}
    return replace(segmentation, masks=found.masks, human=human, confidence=found.confidence, record=record)


def _refine(
    picture: np.ndarray,
    maps: torch.Tensor,
    features: torch.Tensor | None,
    named: tuple[Category, ...],
    presence: torch.Tensor,
    there: torch.Tensor,
    power: float,
    seed: int,
    run: Run,
    on_pseudo_labels: OnPseudoLabels | None,
) -> Segmentation:
    """Pseudo-labels, the network of this one picture, edges: raw maps ``(len(named), h, w)`` to masks."""
    sought, size = tuple(name for name in named if not name.background), picture.shape[:2]
    stages = {}
    with run.stage(PSEUDO):
        relevance = augmentation.normalise(maps)
        deep = None if features is None else deep_components(features)
        spread = relevance if deep is None else augmentation.normalise(walk(relevance, deep))
        stages["relevance"] = _shares(relevance, there, power)
        outlined = torch.from_numpy(augmentation.reduce(picture, EDGE_SIDE)).permute(2, 0, 1)
        stages["pseudo-labels"] = sharpen(_shares(spread, there, power), outlined)
        pseudo = pseudo_labels(stages["pseudo-labels"], size)
        if on_pseudo_labels is not None:
            on_pseudo_labels(pseudo.labels, pseudo.confidence)
    if there.any():
        small = augmentation.reduce(picture, WORK_SIDE)
        with run.stage(TRAINING, TURNS * STEPS):
            stages["distilled"] = learn(
                small,
                stages["pseudo-labels"],
                deep,
                seed=seed,
                step_done=run.advance,
                should_stop=run.should_stop,
            )
        with run.stage(EDGES):
            stages["edges"] = sharpen(stages["distilled"], torch.from_numpy(small).permute(2, 0, 1))
    masks, confidence = paint(list(stages.values())[-1], size)
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
        categories=sought,
        background=named[-1] if len(named) > len(sought) else None,
        relevance=relevance[: len(sought)].numpy(),
        pseudo_labels=pseudo.labels,
        masks=masks,
        human=np.full_like(masks, void_id(len(sought))),
        confidence=confidence,
        presence=presence.numpy(),
        record=record,
        state=State(
            ids=tuple(range(1, len(sought) + 1)),
            scores=stages["pseudo-labels"].numpy(),
            features=None if deep is None else deep.numpy(),
        ),
        stages=stages,
    )


def _shares(maps: torch.Tensor, there: torch.Tensor, power: float) -> torch.Tensor:
    """Let the maps of what is there, and of the background words if any, compete with background."""
    sought = maps[: len(there)] * there[:, None, None]
    return compete(sought, maps[-1] if len(maps) > len(there) else None, power=power)


def _checked(values: Any, what: str) -> torch.Tensor:
    """``(K, h, w)`` float32 on the CPU, or an error that says what is wrong."""
    tensor = torch.as_tensor(values).detach().float().cpu()
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise InputError(f"The {what} have the shape {tuple(tensor.shape)}; give (count, rows, columns).")
    if not torch.isfinite(tensor).all():
        raise InputError(f"The {what} hold NaN or infinity; replace these values by finite ones.")
    return tensor
