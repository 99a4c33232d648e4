"""Where a model sees each name in a whole picture: every view explained, the maps fused where they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_ovseg import augmentation
from napari_ovseg.categories import Category
from napari_ovseg.models.clip.relevance import NEED_ATTENTION, NEED_LEVELS, Method, relevance_from_states
from napari_ovseg.pseudo_labels import yield_to
from napari_ovseg.segmentation import Run
from napari_ovseg.wording import GUESS, PACKS, Guess, Pack, find_pack, guess_pack

if TYPE_CHECKING:
    from napari_ovseg.models.clip.model import Model
    from napari_ovseg.models.clip.trunk import TrunkStates


@dataclass(frozen=True)
class PictureRelevance:
    """What a model says of a picture.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, float32: the fused map of each category as its method defines it, not yet stretched.
        Where words of the pack score higher it is lowered.
    features : torch.Tensor
        ``(F, h, w)``, float32: fused deep features.
    image_vectors : torch.Tensor
        ``(V, D)``, float32: the unit vector of each view.
    pack : Pack or None
        The background pack that was used.
    guess : Guess or None
        How it was guessed, if it was.
    """

    maps: torch.Tensor
    features: torch.Tensor
    image_vectors: torch.Tensor
    pack: Pack | None = None
    guess: Guess | None = None


def picture_relevance(
    picture: np.ndarray,
    categories: tuple[Category, ...],
    views: list[augmentation.View],
    *,
    model: Model,
    method: Method,
    pack: str,
    run: Run,
) -> PictureRelevance:
    """Look at every view of a picture ``(H, W, 3)`` and fuse what each says of the categories.

    The views are the steps of the run's stage; it is asked before each whether to stop. The pack is one of
    `wording.PACKS`, "none", or "guess" for the one that fits the first view.
    """
    look = _Look(picture, views, model, method)
    run.check()
    chosen, guess = _pack(pack, method, lambda: model.image_vectors(look.states(views[0])), model)
    asked = words(categories, chosen, model, method)
    explained = partial(
        relevance_from_states,
        model.network,
        text_vectors=asked.vectors,
        method=method,
        background=asked.rivals,
        owners=asked.owners,
    )
    maps, features, vectors = augmentation.Fusion(look.grid), augmentation.Fusion(look.grid), []
    for view in views:
        run.check()
        states = look.states(view)
        maps.add(view, model.after_trunk(states, explained)[0])
        features.add(view, model.features(states)[0])
        vectors.append(model.image_vectors(states).float().cpu())
        run.advance()
    fused = merged(maps.result(), asked.owners, len(categories))
    return PictureRelevance(fused, features.result(), torch.cat(vectors), chosen, guess)


def _pack(
    pack: str, method: Method, whole: Callable[[], torch.Tensor], model: Model
) -> tuple[Pack | None, Guess | None]:
    """The pack that is used and, where it was asked for, the guess behind it."""
    if pack != GUESS:
        return find_pack(pack), None
    if method == "explain":
        # there its words lost more than they won, see docs/names.md
        return None, None
    guess = guess_pack(model, whole())
    return guess.pack or (PACKS["natural scene"] if method == "cam" else None), guess


class _Look:
    """How a model sees the views of a picture."""

    def __init__(
        self, picture: np.ndarray, views: list[augmentation.View], model: Model, method: Method
    ) -> None:
        # as the model's own method needs them: suggesting and segmenting then share what was seen
        self.model, methods = model, {method, model.spec.method}
        self.levels = not methods.isdisjoint(NEED_LEVELS)
        self.attention = not methods.isdisjoint(NEED_ATTENTION)
        size, patch = picture.shape[:2], model.patch_size
        sizes = [
            augmentation.view_size(view, *size, input_size=model.input_size, patch_size=patch)
            for view in views
        ]
        self.sizes = dict(zip(views, sizes, strict=True))
        grids = [(rows // patch, columns // patch) for rows, columns in sizes]
        self.grid = augmentation.fused_grid(views, grids)
        # twice what the finest view shows is enough to look at, however large the picture is
        self.picture = augmentation.reduce(picture, round(2 * max(augmentation.extent(views, sizes))))

    def states(self, view: augmentation.View) -> TrunkStates:
        pixels = self.model.preprocess(augmentation.render(self.picture, view), self.sizes[view])
        return self.model.trunk(pixels, levels=self.levels, attention=self.attention)


@dataclass(frozen=True)
class Words:
    """All that a model is asked about.

    Attributes
    ----------
    vectors : torch.Tensor
        ``(M, D)``, one unit vector for each word that gets a map.
    owners : torch.Tensor
        ``(M,)``, integers: 0..N-1 the category of each word, N for those of a pack.
    rivals : torch.Tensor or None
        ``(B, D)``: words of a pack that get no map, for ``cam``.
    """

    vectors: torch.Tensor
    owners: torch.Tensor
    rivals: torch.Tensor | None = None


def words(categories: tuple[Category, ...], pack: Pack | None, model: Model, method: Method) -> Words:
    """Encode the names, their synonyms and the background words, by the pack's prompts where there is one."""
    others = [word for word in pack.rivals(categories) if not model.unknown_words([word])] if pack else []
    templates = prompts(pack, model)
    phrases = [phrase for category in categories for phrase in category.phrases]
    owners = [owner for owner, category in enumerate(categories) for _ in category.phrases]
    vectors = model.encode_text(phrases, templates=templates).float().cpu()
    rivals = model.encode_text(others, templates=templates).float().cpu() if others else None
    if method == "cam":
        return Words(vectors, torch.tensor(owners), rivals)
    if rivals is not None:
        vectors = torch.cat([vectors, rivals])
        owners += [len(categories)] * len(others)
    return Words(vectors, torch.tensor(owners))


def prompts(pack: Pack | None, model: Model) -> tuple[str, ...] | None:
    """Return the pack's templates that the model can read, or None for the model's own."""
    known = [] if pack is None else [one for one in pack.templates if not model.unknown_words([one])]
    return tuple(known) or None


def merged(maps: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    """One raw map for each of ``count`` categories, ``(N, h, w)``, from one for each word, ``(M, h, w)``.

    The best synonym speaks for a category, cell by cell; where a word of the pack is above it, it yields.
    """
    found = torch.stack([maps[owners == owner].amax(0) for owner in range(count)])
    pack = maps[owners == count]
    return yield_to(found, pack.amax(0)) if len(pack) else found
