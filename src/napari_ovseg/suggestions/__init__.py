"""Which names suit a picture: a vocabulary ranked by what a model sees, in the whole and from near.

Made after TagCLIP (Lin et al., "TagCLIP: A Local-to-Global Framework to Enhance Open-Vocabulary Multi-Label
Classification of CLIP Without Training", AAAI 2024): patches find what the picture as a whole hides, and
what they found is looked at once more from near ("class-wise re-identification"). ``docs/suggest.md`` says
what each part is worth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from napari_ovseg.categories import Category, parse_categories, same_name
from napari_ovseg.errors import InputError
from napari_ovseg.models.asking import ask_for
from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.model import Model
from napari_ovseg.models.presence import OTHER_WORDS
from napari_ovseg.picture_relevance import LOOKING, picture_relevance
from napari_ovseg.segmentation import Progress, Run, ShouldStop
from napari_ovseg.suggestions.evidence import box_around, log_odds, of_maps, of_views
from napari_ovseg.views import augmentation
from napari_ovseg.views.source import Box, PictureSource, source_of
from napari_ovseg.vocabularies import read_vocabulary
from napari_ovseg.wording import NONE

__all__ = ["Suggestion", "Suggestions", "suggest"]

NAMES = "Reading the names"
AGAIN = "Looking again from near"

# How much each counts: the picture as a whole, its best window, the best of the maps.
WEIGHTS = (1.0, 1.0, 4.0)
LOOKED_AT_AGAIN = 16

_CANT = 'The model "{}" can\'t suggest names: choose another model for that.'


@dataclass(frozen=True)
class Suggestion:
    """One name of the vocabulary, and what speaks for it, each in [0, 1].

    Attributes
    ----------
    category : Category
        The name with its synonyms.
    score : float
        All evidence together. Of a model with a sigmoid (SigLIP, demo) it is about the probability that the
        name is true, of others the share of the name among the vocabulary and some general words.
    picture, windows, maps : float
        What the picture as a whole, its best window and the best one in a hundred of its patches say.
    near : float or None
        What a second look at the place of the name says; only the best names get one.
    """

    category: Category
    score: float
    picture: float
    windows: float
    maps: float
    near: float | None = None

    @property
    def name(self) -> str:
        """The name without its synonyms."""
        return self.category.name


@dataclass(frozen=True)
class Suggestions:
    """A ranked vocabulary.

    Attributes
    ----------
    ranked : tuple of Suggestion
        Best first.
    least : float
        Score from which on a name is likely: the presence below which `segment` calls a name absent.
    left_out : tuple of Category
        Names with words that the model never saw in training.
    note : str
        What was left out, and whether no name is likely, in a sentence each; empty if there is neither.
    """

    ranked: tuple[Suggestion, ...]
    least: float
    left_out: tuple[Category, ...] = ()
    note: str = ""

    @property
    def likely(self) -> tuple[Suggestion, ...]:
        """Those of ``ranked`` whose score is ``least`` or more."""
        return tuple(one for one in self.ranked if one.score >= self.least)


def suggest(
    image: Any,
    vocabulary: str | Path | Iterable[str | Category] | None = None,
    *,
    model: Model,
    preset: str = "balanced",
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Suggestions:
    """Rank the names of a vocabulary by how likely they are in a picture.

    Parameters
    ----------
    image : array-like or PictureSource
        Any picture that `images.to_rgb` reads, or one that is read in parts.
    vocabulary : str, path or iterable of names
        A name of `vocabularies.VOCABULARIES`, a text file with one name per line, or the names themselves.
        By default that of the model's card: "everyday", and for the bundled model "demo".
    model : Model
        From `load_model`: a `MapModel`.
    preset : {"balanced", "fast", "best"}
        How many views. A run with the same preset looks at the same views, which are kept.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        Asked before every view.

    Returns
    -------
    Suggestions

    Raises
    ------
    InputError
        When the picture, the vocabulary or the preset can't be used, or the model knows none of the names or
        gives no maps.
    Cancelled
        Within one view of ``should_stop()`` turning true.
    """
    if not isinstance(model, MapModel):
        raise InputError(_CANT.format(model.card.name))
    method = _of_cosines(model.card)
    names = _names(vocabulary, model.card)
    ask_for(model, names)
    known, left_out = _known(names, model.card)
    source = source_of(image)
    views = augmentation.views_for(preset, *source.size)
    run = Run(progress, should_stop)
    asked = known + _rivals(known, model)
    with run.stage(NAMES, len(asked)):
        texts = _encoded(asked, model, run)
    odds = _odds_of(model)
    with run.stage(LOOKING, len(views)):
        seen = picture_relevance(source, asked, views, model=model, method=method, pack=NONE, run=run)
    whole, windows = of_views(odds(_cosines(texts, seen.image_vectors)), views)
    maps = of_maps(odds(seen.maps))
    together = torch.stack([w * e for w, e in zip(WEIGHTS, (whole, windows, maps), strict=True)]).sum(0)
    together = together[: len(known)] / sum(WEIGHTS)
    near = torch.full_like(together, torch.nan)
    best = together.argsort(descending=True, stable=True)[:LOOKED_AT_AGAIN].tolist()
    with run.stage(AGAIN, len(best)):
        for number in best:
            run.check()
            vectors = _look(source, box_around(seen.maps[number], *source.size), model)
            near[number] = odds(_cosines(texts, vectors))[number, 0]
            run.advance()
    together = torch.where(near.isnan(), together, (together + near) / 2)
    found = _ranked(known, together, whole, windows, maps, near)
    least = model.likeness.absent_below
    notes = [_left_out_note(left_out, model.card), _unlikely_note(found, least)]
    return Suggestions(found, least, left_out, " ".join(filter(None, notes)))


def _ranked(names: tuple[Category, ...], *odds: Tensor) -> tuple[Suggestion, ...]:
    """Pair each name with its evidence, as probabilities; the best first, whatever the order of the names."""
    rows = torch.stack([column[: len(names)] for column in odds], dim=1).sigmoid().tolist()
    found = [
        Suggestion(name, score, picture, windows, maps, None if math.isnan(near) else near)
        for name, (score, picture, windows, maps, near) in zip(names, rows, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.score, one.name)))


def _of_cosines(card: ModelCard) -> MapMethod:
    """The first method whose maps can be compared with the picture as a whole."""
    found = next((method for method in card.methods if not method.own_zero), None)
    if found is None:
        raise InputError(_CANT.format(card.name))
    return found


def _names(vocabulary: str | Path | Iterable[str | Category] | None, card: ModelCard) -> tuple[Category, ...]:
    if vocabulary is None:
        vocabulary = card.suggested
    names = (
        read_vocabulary(vocabulary) if isinstance(vocabulary, str | Path) else parse_categories(vocabulary)
    )
    return tuple(name for name in names if not name.background)


def _known(names: tuple[Category, ...], card: ModelCard) -> tuple[tuple[Category, ...], tuple[Category, ...]]:
    """Part the names into those that a model knows, without synonyms that it doesn't, and the rest."""
    left_out = tuple(name for name in names if card.unknown_words([name.name]))
    known = tuple(
        replace(name, synonyms=tuple(word for word in name.synonyms if not card.unknown_words([word])))
        for name in names
        if name not in left_out
    )
    if not known:
        instead = f', or the vocabulary "{card.vocabulary}"' if card.vocabulary else ""
        raise InputError(
            f'The model "{card.name}" knows no name of this vocabulary: choose another model{instead}.'
        )
    return known, left_out


def _unlikely_note(found: Sequence[Suggestion], least: float) -> str:
    if any(one.score >= least for one in found):
        return ""
    return f"No name scores {least:g} or more, so probably none of them is in the picture."


def _left_out_note(left_out: Sequence[Category], card: ModelCard) -> str:
    if not left_out:
        return ""
    more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    return (
        f'Left out, since the model "{card.name}" never saw these words: '
        f"{', '.join(name.name for name in left_out[:5])}{more}."
    )


def _rivals(names: tuple[Category, ...], model: MapModel) -> tuple[Category, ...]:
    """What a picture may show instead, for models whose scores mean something only against each other."""
    if model.likeness.bias is not None:
        return ()
    phrases = [phrase for name in names for phrase in name.phrases]
    return tuple(
        Category(word)
        for word in OTHER_WORDS
        if word != "background" and not any(same_name(word, phrase) for phrase in phrases)
    )


def _odds_of(model: MapModel) -> Callable[[Tensor], Tensor]:
    likeness = model.likeness
    return lambda cosines: log_odds(likeness.read(cosines), likeness.scale, likeness.bias)


def _encoded(names: Sequence[Category], model: MapModel, run: Run) -> list[Tensor]:
    """Encode the phrases of each name, ``(P, D)``; the first time with a model this takes a while."""
    texts = []
    for name in names:
        run.check()
        texts.append(model.encode(name.phrases).float().cpu())
        run.advance()
    return texts


def _cosines(texts: Sequence[Tensor], vectors: Tensor) -> Tensor:
    """Compare each name with each view, ``(N, V)``: the best of its phrases counts."""
    return torch.stack([(text @ vectors.float().cpu().T).amax(0) for text in texts])


def _look(source: PictureSource, box: Box, model: MapModel) -> Tensor:
    """Return the vector ``(1, D)`` of a part of the picture."""
    view = augmentation.View(box=box)
    size = augmentation.view_size(
        view, *source.size, input_size=model.input_size, patch_size=model.patch_size
    )
    return model.see([augmentation.render(source.read(box, side=max(source.size)), view)], size).vectors
