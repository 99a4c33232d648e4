"""Relevance alone, scored as the papers that proposed it do, so that it can be held against their figures.

The cosines of dense CLIP: SCLIP (Wang et al., ECCV 2024), ClearCLIP (Lan et al., ECCV 2024), NACLIP
(Hajimiri et al., WACV 2025) and SC-CLIP (Bai et al., 2024) share the steps; `paper_settings` has the values
of each.

CLIP-ES (Lin et al., CVPR 2023), after affinity and before its CRF: the picture once, at its own size. Its
published figure is that of the better of two powers of background, chosen on the ground truth; both are
scored here, and neither is chosen.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from napari_ovseg.categories import BACKGROUND
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.evaluation.paper_settings import POSITIONS, Setting, setting_of
from napari_ovseg.evaluation.protocols import Asked
from napari_ovseg.images import to_rgb
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.relevance import Method, relevance_maps
from napari_ovseg.models.clip.relevance.cam import LEAST_SPAN
from napari_ovseg.models.model import Model
from napari_ovseg.pseudo_labels import MOST_VALUES, stretch_rows, strips
from napari_ovseg.wording import PACKS

LONG_SIDE = 2048

CLIP_ES_PROMPT = "a clean origami {}."
# its commas would part phrases in a list of names
CLIP_ES_PHRASES = {"person with clothes people human": "person with clothes,people,human"}
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


def paper_settings(method: Method, dataset: Dataset) -> dict[str, Any]:
    """All that this reading depends on besides names and model, as it is written to ``settings.json``.

    Raises
    ------
    InputError
        When no paper scores the method so.
    """
    if method == "cam":
        powers = list(_powers(dataset.has_background).values())
        words = digest_of(CLIP_ES_WORDS, CLIP_ES_PHRASES)
        return {"positions": POSITIONS[method], "prompt": CLIP_ES_PROMPT, "powers": powers, "words": words}
    values = asdict(setting_of(method, dataset))
    return {"positions": POSITIONS[method], "long_side": LONG_SIDE, **values}


def read_as_papers(
    picture: NDArray[Any], dataset: Dataset, names: Asked, model: Model, method: Method
) -> dict[str, NDArray[np.integer]]:
    """Give each pixel the id of its best phrase, as the papers do.

    Parameters
    ----------
    picture : np.ndarray
        As `images.to_rgb` reads it, ``(H, W)`` pixels.
    dataset : Dataset
        Its name chooses the values of `paper_settings`.
    names : Asked
        The phrases, and the words for what is background.
    model : Model
        A `ClipModel`.
    method : str
        "cam" for CLIP-ES, or one of the dense methods that `setting_of` knows.

    Returns
    -------
    dict of str to np.ndarray
        For each of `paper_stages`, ids ``(H, W)``, integers: 0 background, 1 and up in the order of names.

    Raises
    ------
    InputError
        When no paper scores the method so, or the model is no CLIP.
    """
    if not isinstance(model, ClipModel):
        raise InputError(f'Papers score the maps of CLIP models; read the masks of "{model.card.name}".')
    if method == "cam":
        return _as_clip_es(to_rgb(picture), names, model, dataset.has_background)
    return {ALONE: _as_dense(to_rgb(picture), dataset, names, model, method)}


def _as_dense(
    rgb: NDArray[np.float32], dataset: Dataset, names: Asked, model: ClipModel, method: Method
) -> NDArray[np.integer]:
    """Sliding windows, 80 prompts, one softmax over all phrases."""
    setting = setting_of(method, dataset)
    phrases, owners = _sought(names)
    if dataset.has_background:
        # a background without words is asked for by that name
        words = _unwanted(names) or [BACKGROUND]
        phrases, owners = words + phrases, torch.cat([torch.zeros(len(words), dtype=torch.long), owners])
    vectors = model.encode(phrases, templates=_imagenet_prompts())
    cosines = window_cosines(rgb, vectors, model, method, setting)
    return best_phrase(cosines, owners, (rgb.shape[0], rgb.shape[1]), setting)


def window_cosines(
    rgb: NDArray[np.float32], vectors: torch.Tensor, model: ClipModel, method: Method, setting: Setting
) -> torch.Tensor:
    """Look through sliding windows, and average each phrase's cosines on the pixels.

    Parameters
    ----------
    rgb : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    vectors : torch.Tensor
        ``(N, D)``: the unit vector of each phrase.
    model : ClipModel
    method : str
        One of the dense methods.
    setting : Setting
        Of ``short_side``, ``window`` and ``stride``, in pixels.

    Returns
    -------
    torch.Tensor
        ``(N, h, w)``, float32 in [-1, 1], on the CPU: the cosines on the pixels of the resized picture, whose
        short side is ``setting.short_side``.
    """
    size = short_side(rgb.shape[:2], setting.short_side, model.patch_size)
    picture = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    shown = F.interpolate(picture, size, mode="bilinear", align_corners=False)
    return relevance_maps(
        model.network,
        model.preprocess(shown[0].permute(1, 2, 0).numpy(), size),
        vectors,
        method,
        # all that papers score have patches of which their windows are whole multiples
        window=setting.window // model.patch_size * model.patch_size,
        stride=setting.stride,
        positions=POSITIONS[method],
    ).cpu()


def _as_clip_es(
    rgb: NDArray[np.float32], names: Asked, model: ClipModel, has_background: bool
) -> dict[str, NDArray[np.integer]]:
    """The picture in whole patches, rounded up; phrases compete with 25 words, or with those given.

    Each map is stretched by its span and 1e-7 more, as the code of CLIP-ES does.
    """
    size = (rgb.shape[0], rgb.shape[1])
    rows, columns = (math.ceil(side / model.patch_size) * model.patch_size for side in size)
    phrases, owners = _sought(names)
    rivals = _unwanted(names) or list(CLIP_ES_WORDS)
    maps = relevance_maps(
        model.network,
        model.preprocess(rgb, (rows, columns)),
        model.encode(
            [CLIP_ES_PHRASES.get(phrase, phrase) for phrase in phrases], templates=(CLIP_ES_PROMPT,)
        ),
        "cam",
        background=model.encode(rivals, templates=(CLIP_ES_PROMPT,)),
        positions=POSITIONS["cam"],
    )
    lows, highs = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    stretched = ((maps - lows) / (highs - lows + LEAST_SPAN)).cpu()
    return {
        stage: strongest_phrase(stretched, owners, size, power)
        for stage, power in _powers(has_background).items()
    }


def short_side(size: tuple[int, ...], side: int, patch: int) -> tuple[int, int]:
    """Return the height and width to show a picture of a ``size`` (rows, columns) at, in pixels.

    Its short side is ``side`` long, or less where the long side would be over 2048; no side is under a
    ``patch``.
    """
    factor = min(side / min(size), LONG_SIDE / max(size))
    rows, columns = (max(patch, int(length * factor + 0.5)) for length in size)
    return rows, columns


def best_phrase(
    cosines: torch.Tensor, owners: torch.Tensor, size: tuple[int, int], setting: Setting
) -> NDArray[np.integer]:
    """The id of the likeliest phrase in every pixel.

    Parameters
    ----------
    cosines : torch.Tensor
        ``(N, h, w)``, with each phrase.
    owners : torch.Tensor
        ``(N,)``, int64: the id that each phrase stands for.
    size : tuple of int
        ``(H, W)``.
    setting : Setting
        Of ``scale``, and of ``least`` and ``least_area``: what falls below these becomes id 0.

    Returns
    -------
    np.ndarray
        ``(H, W)``, int32.
    """
    taken = torch.ones(len(owners))
    ids, likelihood = _likeliest(cosines, owners, size, setting.scale, taken)
    if setting.least_area:
        areas = np.bincount(ids.ravel(), minlength=int(owners.max()) + 1)
        small = areas <= setting.least_area * areas[1:].sum()
        small[0] = False
        taken = 1 - torch.from_numpy(small).float()[owners]
        ids, likelihood = _likeliest(cosines, owners, size, setting.scale, taken)
    ids[likelihood < setting.least] = 0
    return ids


def _likeliest(
    cosines: torch.Tensor, owners: torch.Tensor, size: tuple[int, int], scale: float, taken: torch.Tensor
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Ids and likelihoods ``(H, W)``; phrases compete also where they aren't ``taken``, 0 or 1 for each."""
    ids, likelihood = np.empty(size, np.int32), np.empty(size, np.float32)
    for rows in strips(*size, len(cosines), MOST_VALUES):
        likely = (scale * stretch_rows(cosines, size, rows)).softmax(0) * taken[:, None, None]
        highest, phrase = likely.max(0)
        ids[rows], likelihood[rows] = owners[phrase].numpy(), highest.numpy()
    return ids, likelihood


def strongest_phrase(
    maps: torch.Tensor, owners: torch.Tensor, size: tuple[int, int], power: float | None
) -> NDArray[np.integer]:
    """The id of the phrase whose map is highest in every pixel, as CLIP-ES takes it.

    Parameters
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, in [0, 1], with each phrase.
    owners : torch.Tensor
        ``(N,)``, int64: the id that each phrase stands for.
    size : tuple of int
        ``(H, W)``.
    power : float or None
        A pixel is background, id 0, where ``(1 - highest) ** power`` is no less than the highest map; with
        None no pixel is.

    Returns
    -------
    np.ndarray
        ``(H, W)``, int32.
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
