"""From a picture and its names to classes: all that `segment` does, or relevance alone as papers score it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ovseg.categories import BACKGROUND
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.evaluation.protocols import Asked, Protocol
from napari_ovseg.images import to_rgb
from napari_ovseg.pipeline import segment
from napari_ovseg.pseudo_labels import MOST_VALUES, paint, stretch_rows, strips
from napari_ovseg.relevance import GRADIENT_METHODS, Method, relevance_maps
from napari_ovseg.wording import GUESS

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model

Reading = Literal["masks", "papers"]
# what `segment` keeps of its stages; the last one is the masks
STAGES = ("relevance", "pseudo-labels", "distilled", "edges")

# The protocol that SCLIP, ClearCLIP, NACLIP and SC-CLIP share, with the values that NACLIP uses throughout
# (Hajimiri et al., WACV 2025, section 4.1); SCLIP tunes the scale for each dataset with a background.
SHORT_SIDE, LONG_SIDE = 336, 2048
SHORT_SIDE_OF = {"cityscapes": 560}
WINDOW, STRIDE = 224, 112
LOGIT_SCALE = 40.0
LEAST_PROBABILITY = 0.1


@dataclass(frozen=True)
class How:
    """How every picture is read: what a result depends on besides the dataset.

    Attributes
    ----------
    model : Model
    protocol : {"known-labels", "vocabulary"}
    reading : {"masks", "papers"}
        The masks of `segment`, or relevance alone, scored as the papers on dense CLIP do: windows of 224 on a
        short side of 336, 80 prompts, one softmax over all phrases, no refinement.
    method : str, optional
        Relevance method; by default the one that suits the model.
    preset, seed, pack
        As in `segment`; for its masks only.
    """

    model: Model
    protocol: Protocol = "known-labels"
    reading: Reading = "masks"
    method: str | None = None
    preset: str = "balanced"
    seed: int = 0
    pack: str = GUESS


def read(
    picture: NDArray[Any], dataset: Dataset, names: Asked, how: How
) -> tuple[dict[str, NDArray[np.int32]], dict[str, float]]:
    """Classes ``(H, W)`` after each stage, the last being the answer, and seconds for each stage."""
    if how.reading == "papers":
        start = time.perf_counter()
        ids = read_as_papers(picture, dataset, names, how)
        return {"relevance": names.classes[ids]}, {"Relevance": round(time.perf_counter() - start, 4)}
    found = segment(
        picture,
        names.categories,
        model=how.model,
        preset=how.preset,
        method=how.method,
        seed=how.seed,
        pack=how.pack,
        known=names.known,
        background=dataset.has_background,
    )
    painted, ids = {}, found.masks
    for stage in STAGES[:-1]:
        # where nothing was learnt, the later stages are as the last
        if stage in found.stages:
            ids = paint(found.stages[stage], found.masks.shape)[0]
        painted[stage] = names.classes[ids]
    return painted | {STAGES[-1]: names.classes[found.masks]}, dict(found.record["seconds"])


def read_as_papers(picture: NDArray[Any], dataset: Dataset, names: Asked, how: How) -> NDArray[np.integer]:
    """Ids ``(H, W)`` of the phrase that each pixel is most like; see `How`.

    Raises
    ------
    InputError
        When the method gives no cosines.
    """
    method = cast(Method, how.method or how.model.spec.method)
    if method in GRADIENT_METHODS:
        raise InputError(f"{method} gives no cosines to score so: use --reading masks, or another --method.")
    rgb = to_rgb(picture)
    shown = short_side(rgb.shape[:2], SHORT_SIDE_OF.get(dataset.name, SHORT_SIDE), how.model.patch_size)
    phrases, owners = _phrases(names, dataset.has_background)
    maps = relevance_maps(
        how.model.network,
        how.model.preprocess(rgb, shown),
        how.model.encode_text(phrases, templates=_prompts()),
        method,
        window=WINDOW,
        stride=STRIDE,
    )
    least = LEAST_PROBABILITY if dataset.has_background else 0.0
    return best_phrase(maps.cpu(), owners, (rgb.shape[0], rgb.shape[1]), least)


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


def _phrases(names: Asked, has_background: bool) -> tuple[list[str], torch.Tensor]:
    """All phrases, and the id each stands for; a background without words is asked for by that name."""
    sought = [category for category in names.categories if not category.background]
    words = [word for category in names.categories if category.background for word in category.phrases]
    pairs = [(word, 0) for word in (words or [BACKGROUND]) if has_background]
    pairs += [(phrase, k) for k, category in enumerate(sought, 1) for phrase in category.phrases]
    return [phrase for phrase, _ in pairs], torch.tensor([owner for _, owner in pairs])


def _prompts() -> tuple[str, ...]:
    """The 80 prompts that OpenAI chose on ImageNet, as open_clip ships them."""
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    return tuple(prompt("{}") for prompt in OPENAI_IMAGENET_TEMPLATES)
