"""Where a model sees each name in a whole picture: every view explained, the maps fused where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel, Seen, Words
from napari_ovseg.pseudo_labels import yield_to
from napari_ovseg.segmentation import Run
from napari_ovseg.views import augmentation
from napari_ovseg.views.fusion import MOST_CELLS, Fusion, fused_grid
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import GUESS, PACKS, Guess, Pack, find_pack, guess_pack

LOOKING = "Looking at the picture"
"""The stage of a run, or of a search for names, that is this."""


@dataclass(frozen=True)
class PictureRelevance:
    """What a model says of a picture.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, float32: the fused map of each category as its method defines it, not yet stretched.
        Where words of the pack score higher it is lowered.
    features : torch.Tensor or None
        ``(F, h, w)``, float32: fused deep features, where the model has any.
    image_vectors : torch.Tensor
        ``(V, D)``, float32: the unit vector of each view.
    pack : Pack or None
        The background pack that was used.
    guess : Guess or None
        How it was guessed, if it was.
    """

    maps: Tensor
    features: Tensor | None
    image_vectors: Tensor
    pack: Pack | None = None
    guess: Guess | None = None


def picture_relevance(
    source: PictureSource,
    categories: tuple[Category, ...],
    views: list[augmentation.View],
    *,
    model: MapModel,
    method: MapMethod,
    pack: str | Pack,
    run: Run,
    at_once: int = 1,
    most_cells: int = MOST_CELLS,
    deep: bool = True,
) -> PictureRelevance:
    """Look at every view of a picture, and fuse what each says of the categories.

    Parameters
    ----------
    source : PictureSource
        The picture.
    categories : tuple of Category
        The N that are looked for, the background words last where there are any.
    views : list of View
        From `augmentation.views_for`, at least one.
    model : MapModel
    method : MapMethod
        One of the card of the model.
    pack : str or Pack
        One of `wording.PACKS`, by name or itself, "none", or "guess" for the one that fits the first view.
    run : Run
        Its stage advances by one step for each view; it is asked before each whether to stop.
    at_once : int
        How many views the model is shown together; of one size only.
    most_cells : int
        Along the longer side of the fused maps.
    deep : bool
        Whether deep features are wanted: they take the most memory.

    Returns
    -------
    PictureRelevance

    Raises
    ------
    InputError
        When there is no such pack, or the model can't encode a name or lacks the method.
    Cancelled
        Before the next view, once the caller wants to stop.
    """
    eye = _Eye(source, views, model, method.name, most_cells)
    run.check()
    chosen, guess = _pack(pack, method, lambda: eye.see(views[:1]).vectors, model)
    asked = words(categories, chosen, model, method)
    maps, features, vectors = Fusion(eye.grid), Fusion(eye.grid), []
    for some in eye.together(views, at_once):
        run.check()
        seen = eye.see(some, asked)
        assert seen.maps is not None, "a model that was given words says where they are"
        for place, view in enumerate(some):
            maps.add(view, seen.maps[place])
            if deep and seen.features is not None:
                features.add(view, seen.features[place])
            run.advance()
        vectors.append(seen.vectors.float().cpu())
    fused = merged(maps.result(), asked.owners, len(categories))
    fused_features = features.result() if deep and seen.features is not None else None
    return PictureRelevance(fused, fused_features, torch.cat(vectors), chosen, guess)


def _pack(
    pack: str | Pack, method: MapMethod, whole: Callable[[], Tensor], model: MapModel
) -> tuple[Pack | None, Guess | None]:
    """The pack that is used and, where it was asked for, the guess behind it."""
    if isinstance(pack, Pack):
        return pack, None
    if pack != GUESS:
        return find_pack(pack), None
    if not method.guesses_pack:
        return None, None
    guess = guess_pack(model, whole())
    return guess.pack or (PACKS["natural scene"] if method.words_compete else None), guess


class _Eye:
    """How a model sees the views of a picture."""

    def __init__(
        self,
        source: PictureSource,
        views: list[augmentation.View],
        model: MapModel,
        method: str,
        most_cells: int,
    ) -> None:
        self.source, self.model, self.method = source, model, method
        patch = model.patch_size
        sizes = [
            augmentation.view_size(view, *source.size, input_size=model.input_size, patch_size=patch)
            for view in views
        ]
        self.sizes = dict(zip(views, sizes, strict=True))
        grids = [(rows // patch, columns // patch) for rows, columns in sizes]
        self.grid = fused_grid(views, grids, most_cells)
        # twice what the finest view shows is enough to look at, however large the picture is
        self.side = round(2 * max(augmentation.extent(views, sizes)))

    def together(
        self, views: Sequence[augmentation.View], at_once: int
    ) -> Iterator[Sequence[augmentation.View]]:
        """Group views of one size that follow each other."""
        for _, alike in groupby(views, key=self.sizes.__getitem__):
            group = list(alike)
            yield from (group[start : start + at_once] for start in range(0, len(group), at_once))

    def see(self, views: Sequence[augmentation.View], words: Words | None = None) -> Seen:
        """Show the model views of one size."""
        pixels = [augmentation.render(self.source.read(view.box, side=self.side), view) for view in views]
        return self.model.see(pixels, self.sizes[views[0]], words, self.method)


def words(categories: tuple[Category, ...], pack: Pack | None, model: MapModel, method: MapMethod) -> Words:
    """Encode the names, their synonyms and the background words, by the pack's prompts where there is one."""
    others = (
        [word for word in pack.rivals(categories) if not model.card.unknown_words([word])] if pack else []
    )
    templates = prompts(pack, model)
    phrases = [phrase for category in categories for phrase in category.phrases]
    owners = [owner for owner, category in enumerate(categories) for _ in category.phrases]
    vectors = model.encode(phrases, templates=templates).float().cpu()
    rivals = model.encode(others, templates=templates).float().cpu() if others else None
    if method.words_compete:
        return Words(vectors, torch.tensor(owners), rivals)
    if rivals is not None:
        vectors = torch.cat([vectors, rivals])
        owners += [len(categories)] * len(others)
    return Words(vectors, torch.tensor(owners))


def prompts(pack: Pack | None, model: MapModel) -> tuple[str, ...] | None:
    """Return the pack's templates that the model can read, or None for the model's own."""
    known = [] if pack is None else [one for one in pack.templates if not model.card.unknown_words([one])]
    return tuple(known) or None


def merged(maps: Tensor, owners: Tensor, count: int) -> Tensor:
    """One raw map for each category from one for each word.

    In each cell a category has the best value of its words. Where a word of the pack is above that, it is
    lowered, see `pseudo_labels.yield_to`.

    Parameters
    ----------
    maps : torch.Tensor
        ``(M, h, w)``, raw.
    owners : torch.Tensor
        ``(M,)``, integers: the category of each word, from 0 up; ``count`` for words of the pack.
    count : int
        N, the number of categories.

    Returns
    -------
    torch.Tensor
        ``(N, h, w)``, on the scale of the maps.
    """
    found = torch.stack([maps[owners == owner].amax(0) for owner in range(count)])
    pack = maps[owners == count]
    return yield_to(found, pack.amax(0)) if len(pack) else found
