"""What a model of maps says of a picture: how it is shown, what is there, and the rough maps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from napari_ovseg.closer import look_closer
from napari_ovseg.context import Known, what_is_there
from napari_ovseg.in_looks import POWER, Measured, see_in_looks
from napari_ovseg.levels import Levels, levels_for, octaves
from napari_ovseg.look_choice import LookChoice, choose_looks
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import LOOKING, picture_relevance
from napari_ovseg.pseudo_labels import BACKGROUND_POWER, BACKGROUND_POWER_OF_COSINES
from napari_ovseg.seen_in_look import FINEST
from napari_ovseg.segmentation import ANCHOR, Run, TriedLook
from napari_ovseg.settings import Settings
from napari_ovseg.single_image import EDGE_SIDE
from napari_ovseg.tried_looks import tried_looks
from napari_ovseg.views import augmentation
from napari_ovseg.views.rendering import fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import GUESS, NONE, find_pack

MOST_EDGE_SIDE = 768
# of dark things much else in a picture is of their colour, which the network of the picture learns from
ANCHOR_OF_DARK_THINGS = 8.0


@dataclass(frozen=True)
class Sight:
    """What the second half of a run begins with.

    Attributes
    ----------
    known : Known
    maps : torch.Tensor
        ``(N, h, w)``, float32, any scale: one for each category, then that of the background words, if any.
    features : torch.Tensor or None
        ``(F, gh, gw)``, float32: deep features of the picture, where the model has any.
    guide : PictureSource
        The picture as the steps that follow its edges see it.
    said : dict
        For the record: ``look``, ``look_suits_by``, ``guide``, and ``views``, how many the maps are of; where
        a size is said, ``size`` in pixels, and ``enlarged``, how many times for each name.
    side : int
        Longest side, in pixels, at which the next step is to follow edges: larger where the maps are of many
        windows, in which small things are seen.
    tried : tuple of TriedLook
    notes : tuple of str
        What went otherwise than asked.
    measured : Measured or None
        What a look measured of the picture; None where it was shown as it is.
    """

    known: Known
    maps: Tensor
    features: Tensor | None
    guide: PictureSource
    said: dict[str, Any] = field(default_factory=dict)
    side: int = EDGE_SIDE
    tried: tuple[TriedLook, ...] = ()
    notes: tuple[str, ...] = ()
    measured: Measured | None = None


def look_at(source: PictureSource, settings: Settings, *, model: MapModel, run: Run) -> Sight:
    """Choose how to show a picture to a model, and look at it.

    Parameters
    ----------
    source : PictureSource
    settings : Settings
    model : MapModel
    run : Run
        Told of the stages, and asked before each batch of views whether to go on.

    Raises
    ------
    InputError
        When the model lacks the method, or can't encode a name.
    Cancelled
        Before the next batch of views, once the caller wants to stop.
    """
    method = model.card.find_method(settings.method)
    choice = choose_looks(source, settings, model=model, method=method, run=run)
    tried = tried_looks(source, choice, settings.look, model.card.looks)
    return replace(look_as(source, choice, settings, model=model, run=run), tried=tried)


def look_as(
    source: PictureSource,
    choice: LookChoice,
    settings: Settings,
    *,
    model: MapModel,
    run: Run,
    measured: Measured | None = None,
) -> Sight:
    """Look at a picture in the looks that were chosen.

    Parameters
    ----------
    source : PictureSource
    choice : LookChoice
    settings, model, run
        As for `look_at`.
    measured : Measured, optional
        What the looks measured of the picture that this one is a part of: nothing is measured anew.

    Raises
    ------
    InputError, Cancelled
        As `look_at`.
    """
    method = model.card.find_method(settings.method)
    said = choice.said(settings.sought)
    in_views = choice.as_it_is or method.own_zero
    # in a look there are windows at this level anyway
    levels = levels_for(settings, source, model, least=0.0 if in_views else FINEST)
    if settings.sizes:
        names = tuple(name.name for name in settings.sought)
        said |= {"size": settings.size, "enlarged": levels.said(names)}
    if in_views:
        return _in_views(source, choice, levels, settings, model, method, run, said)
    found = see_in_looks(source, choice, settings, model=model, method=method, run=run, measured=measured)
    there = what_is_there(found.presence, least_presence(settings, model), settings.background)
    pack = None if settings.pack == GUESS else find_pack(settings.pack)
    power = POWER if settings.background else None
    anchor = ANCHOR_OF_DARK_THINGS if found.dark else ANCHOR
    known = Known(found.presence, there, power, settings.seed, pack, anchor=anchor)
    guide = source if found.guide is None else Shown(source, found.guide)
    said |= {"guide": None if found.guide is None else found.guide.saved(), "views": found.views}
    return Sight(
        known,
        found.maps,
        found.features,
        guide,
        said,
        side=_closely(found.maps),
        notes=levels.notes,
        measured=found.measured,
    )


def _in_views(
    source: PictureSource,
    choice: LookChoice,
    levels: Levels,
    settings: Settings,
    model: MapModel,
    method: MapMethod,
    run: Run,
    said: dict[str, Any],
) -> Sight:
    """Look at the views of a preset: of the picture as it is, or for a method without cosines in one look."""
    # what is wide where things are enlarged least is background for none of them
    level = min(FINEST if one is None else one for one in levels.shown)
    shown = source if choice.as_it_is else Shown(source, fit(source, choice.looks[0], level))
    views = augmentation.views_for(settings.preset, *source.size)
    pack = _wanted_pack(settings, method)
    with run.stage(LOOKING, len(views)):
        seen = picture_relevance(shown, settings.names, views, model=model, method=method, pack=pack, run=run)
        presence = presence_of(model, seen.image_vectors, [name.phrases for name in settings.sought])
    maps, count = seen.maps, len(views)
    closely = levels.in_windows(octaves(source, model) if choice.as_it_is else ())
    if closely:
        near = look_closer(
            shown, seen, presence, closely, settings, stage=LOOKING, model=model, method=method, run=run
        )
        maps, presence, count = near.maps, near.presence, count + near.windows
    there = what_is_there(presence, least_presence(settings, model), settings.background)
    power = _background_power(method) if settings.background else None
    known = Known(presence, there, power, settings.seed, seen.pack, seen.guess)
    said |= {"guide": None, "views": count}
    side = _closely(maps) if closely else EDGE_SIDE
    return Sight(known, maps, seen.features, source, said, side=side, notes=levels.notes)


def _closely(maps: Tensor) -> int:
    """Two pixels for each cell of the maps, within what takes seconds."""
    return min(MOST_EDGE_SIDE, max(EDGE_SIDE, 2 * max(maps.shape[1:])))


def least_presence(settings: Settings, model: MapModel) -> float:
    """Return the presence below which a category is absent."""
    return 0.0 if settings.known else model.likeness.absent_below


def _wanted_pack(settings: Settings, method: MapMethod) -> str:
    """What to do about a pack: without a background none is needed, unless words compete in the method."""
    unneeded = settings.pack == GUESS and not settings.background and not method.words_compete
    return NONE if unneeded else settings.pack


def _background_power(method: MapMethod) -> float:
    return BACKGROUND_POWER if method.own_zero else BACKGROUND_POWER_OF_COSINES
