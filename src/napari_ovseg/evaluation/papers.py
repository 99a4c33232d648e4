"""Relevance alone, scored as the papers that proposed it do, so that it can be held against their figures.

The cosines of dense CLIP: the protocol that SCLIP, ClearCLIP, NACLIP and SC-CLIP share, with the values that
NACLIP uses throughout (Hajimiri et al., WACV 2025, section 4.1); SCLIP tunes the scale for each dataset with
a background.

CLIP-ES (Lin et al., CVPR 2023), after affinity and before its CRF: the picture once, at its own size. Its
published figure is that of the better of two powers of background, chosen on the ground truth; both are
scored here, and neither is chosen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ovseg.augmentation import normalise
from napari_ovseg.categories import BACKGROUND
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.evaluation.protocols import Asked
from napari_ovseg.images import to_rgb
from napari_ovseg.pseudo_labels import MOST_VALUES, stretch_rows, strips
from napari_ovseg.relevance import GRADIENT_METHODS, Method, relevance_maps
from napari_ovseg.wording import PACKS

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model

SHORT_SIDE, LONG_SIDE = 336, 2048
SHORT_SIDE_OF = {"cityscapes": 560}
WINDOW, STRIDE = 224, 112
LOGIT_SCALE = 40.0
LEAST_PROBABILITY = 0.1

CLIP_ES_PROMPT = "a clean origami {}."
CLIP_ES_WORDS = PACKS["natural scene"].words
CLIP_ES_POWERS = (1.0, 2.0)
ALONE = "relevance"


def paper_stages(method: Method, has_background: bool) -> tuple[str, ...]:
    """What `read_as_papers` gives, the answer last."""
    return tuple(_powers(has_background)) if method == "cam" else (ALONE,)


def _powers(has_background: bool) -> dict[str, float | None]:
    if not has_background:
        return {ALONE: None}
    return {f"background power {power:g}": power for power in CLIP_ES_POWERS}


def read_as_papers(
    picture: NDArray[Any], dataset: Dataset, names: Asked, model: Model, method: Method
) -> dict[str, NDArray[np.integer]]:
    """Ids ``(H, W)`` of the phrase that speaks most for each pixel, for each of `paper_stages`.

    Raises
    ------
    InputError
        When no paper scores the method so.
    """
    if method == "cam":
        return _as_clip_es(to_rgb(picture), names, model, dataset.has_background)
    if method in GRADIENT_METHODS:
        raise InputError(f"No paper scores {method} so: use --reading masks, or another --method.")
    return {ALONE: _as_dense(to_rgb(picture), dataset, names, model, method)}


def _as_dense(
    rgb: NDArray[np.float32], dataset: Dataset, names: Asked, model: Model, method: Method
) -> NDArray[np.integer]:
    """Windows of 224 on a short side of 336, 80 prompts, one softmax over all phrases."""
    shown = short_side(rgb.shape[:2], SHORT_SIDE_OF.get(dataset.name, SHORT_SIDE), model.patch_size)
    phrases, owners = _sought(names)
    if dataset.has_background:
        # a background without words is asked for by that name
        words = _unwanted(names) or [BACKGROUND]
        phrases, owners = words + phrases, torch.cat([torch.zeros(len(words), dtype=torch.long), owners])
    maps = relevance_maps(
        model.network,
        model.preprocess(rgb, shown),
        model.encode_text(phrases, templates=_imagenet_prompts()),
        method,
        window=WINDOW,
        stride=STRIDE,
    )
    least = LEAST_PROBABILITY if dataset.has_background else 0.0
    return best_phrase(maps.cpu(), owners, (rgb.shape[0], rgb.shape[1]), least)


def _as_clip_es(
    rgb: NDArray[np.float32], names: Asked, model: Model, has_background: bool
) -> dict[str, NDArray[np.integer]]:
    """The picture in whole patches, rounded up; phrases compete with 25 words, or with those given."""
    size = (rgb.shape[0], rgb.shape[1])
    rows, columns = (math.ceil(side / model.patch_size) * model.patch_size for side in size)
    phrases, owners = _sought(names)
    rivals = _unwanted(names) or list(CLIP_ES_WORDS)
    maps = relevance_maps(
        model.network,
        model.preprocess(rgb, (rows, columns)),
        model.encode_text(phrases, templates=(CLIP_ES_PROMPT,)),
        "cam",
        background=model.encode_text(rivals, templates=(CLIP_ES_PROMPT,)),
    )
    stretched = normalise(maps.cpu())
    return {
        stage: strongest_phrase(stretched, owners, size, power)
        for stage, power in _powers(has_background).items()
    }


def short_side(size: tuple[int, ...], side: int, patch: int) -> tuple[int, int]:
    """The size to show a picture at: its short side so long, in whole patches."""
    factor = min(side / min(size), LONG_SIDE / max(size))
    rows, columns = (max(1, round(length * factor / patch)) * patch for length in size)
    return rows, columns


def best_phrase(
    maps: torch.Tensor, owners: torch.Tensor, size: tuple[int, int], least: float
) -> NDArray[np.integer]:
    """The id of the likeliest phrase in every pixel.

    Parameters
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, cosines with each phrase.
    owners : torch.Tensor
        ``(N,)``, int64: the id that each phrase stands for.
    size : tuple of int
        ``(H, W)``.
    least : float
        Where no phrase is so likely, the id is 0.
    """
    ids = np.empty(size, np.int32)
    for rows in strips(*size, len(maps), MOST_VALUES):
        likely = (LOGIT_SCALE * stretch_rows(maps, size, rows)).softmax(0)
        probability, phrase = likely.max(0)
        ids[rows] = torch.where(probability < least, 0, owners[phrase]).numpy()
    return ids


def strongest_phrase(
    maps: torch.Tensor, owners: torch.Tensor, size: tuple[int, int], power: float | None
) -> NDArray[np.integer]:
    """The id of the phrase whose map ``(N, h, w)``, in [0, 1], is highest in every pixel.

    It is 0 where ``(1 - highest) ** power`` is no less; never with a power of None. ``owners``, ``size`` and
    the result are those of `best_phrase`.
    """
    ids = np.empty(size, np.int32)
    for rows in strips(*size, len(maps), MOST_VALUES):
        highest, phrase = stretch_rows(maps, size, rows).max(0)
        background = torch.zeros_like(highest, dtype=torch.bool)
        if power is not None:
            background = (1 - highest) ** power >= highest
        ids[rows] = torch.where(background, 0, owners[phrase]).numpy()
    return ids


def _sought(names: Asked) -> tuple[list[str], torch.Tensor]:
    """All phrases of the categories, and the id that each stands for."""
    sought = [category for category in names.categories if not category.background]
    pairs = [(phrase, k) for k, category in enumerate(sought, 1) for phrase in category.phrases]
    return [phrase for phrase, _ in pairs], torch.tensor([owner for _, owner in pairs])


def _unwanted(names: Asked) -> list[str]:
    """All words for background."""
    return [word for category in names.categories if category.background for word in category.phrases]


def _imagenet_prompts() -> tuple[str, ...]:
    """The 80 prompts that OpenAI chose on ImageNet, as open_clip ships them."""
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    return tuple(prompt("{}") for prompt in OPENAI_IMAGENET_TEMPLATES)
