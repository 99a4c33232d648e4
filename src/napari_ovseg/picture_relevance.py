"""Where a model sees each name in a whole picture: every view explained, the maps fused where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from napari_ovseg import augmentation
from napari_ovseg.categories import Category, same_name
from napari_ovseg.relevance import NEED_LEVELS, Method, relevance_from_states
from napari_ovseg.relevance.cam import BACKGROUND_WORDS
from napari_ovseg.segmentation import Run

if TYPE_CHECKING:
    from napari_ovseg.clip.model import Model


@dataclass(frozen=True)
class PictureRelevance:
    """What a model says of a picture.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, float32: the fused map of each category as its method defines it, not yet stretched.
    features : torch.Tensor
        ``(F, h, w)``, float32: fused deep features.
    image_vectors : torch.Tensor
        ``(V, D)``, float32: the unit vector of each view.
    """

    maps: torch.Tensor
    features: torch.Tensor
    image_vectors: torch.Tensor


def picture_relevance(
    picture: np.ndarray,
    categories: tuple[Category, ...],
    views: list[augmentation.View],
    *,
    model: Model,
    method: Method,
    run: Run,
) -> PictureRelevance:
    """Look at every view of a picture ``(H, W, 3)`` and fuse what each says of the categories.

    The views are the steps of the run's stage; it is asked before each whether to stop.
    """
    texts, owners = _texts(categories, model)
    others = _rivals(categories, model) if method == "cam" else None
    explained = partial(
        relevance_from_states, model.network, text_vectors=texts, method=method, background=others
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
        states = model.trunk(pixels, levels=method in NEED_LEVELS)
        maps.add(view, model.after_trunk(states, explained)[0])
        features.add(view, model.features(states)[0])
        vectors.append(model.image_vectors(states).float().cpu())
        run.advance()
    fused = maps.result()
    per_name = torch.stack([fused[owners == i].amax(0) for i in range(len(categories))])
    return PictureRelevance(per_name, features.result(), torch.cat(vectors))


def _texts(categories: tuple[Category, ...], model: Model) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode names to ``(N, D)``, and the category of each: synonyms are one thing, background words many."""
    vectors, owners = [], []
    for owner, category in enumerate(categories):
        words = model.encode_text(list(category.phrases)).float().cpu()
        vectors.append(words if category.background else F.normalize(words.mean(0, keepdim=True), dim=1))
        owners += [owner] * len(vectors[-1])
    return torch.cat(vectors), torch.tensor(owners)


def _rivals(categories: tuple[Category, ...], model: Model) -> torch.Tensor | None:
    """Encode CLIP-ES's background words ``(B, D)``, less what the user typed."""
    typed = [phrase for category in categories for phrase in category.phrases]
    words = [word for word in BACKGROUND_WORDS if not any(same_name(word, phrase) for phrase in typed)]
    return model.encode_text(words).float().cpu() if words else None
