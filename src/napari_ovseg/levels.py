"""How closely a picture is looked at: by how large somebody says that things are, or by its own size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_ovseg.models.map_model import MapModel
from napari_ovseg.settings import Settings
from napari_ovseg.views.augmentation import STEP, enlargement, views_at
from napari_ovseg.views.source import PictureSource

# pixels that the model is shown for each pixel of the picture, in windows, where no size is said
USUAL = 1.5
# the same at the finest level of a picture that is shown as it is: docs/looks.md has what it is worth
CLOSER = 0.75
# the coarsest windows show the picture at least so many views wide: the preset shows less than half of that
LEAST_VIEWS = 2.4
# how many of the model's patches a thing spans at least, and at most: docs/looks.md has the measurements
LEAST_PATCHES, MOST_PATCHES = 4.0, 8.0
# a pixel that is enlarged more often shows no more
MOST_ENLARGED = 4.0
# two and a half minutes of one processor core
MOST_WINDOWS = 2000


@dataclass(frozen=True)
class Levels:
    """The level of detail for each name.

    Attributes
    ----------
    of_each : tuple of (float or None)
        Pixels that the model is to be shown for each pixel of the picture, for each of the C names; None
        where no size is said.
    shown : tuple of (float or None)
        The same as windows show it, which fit into the picture evenly: `views_at` rounds.
    notes : tuple of str
        What to tell a person: which things are shown smaller than the model knows them best.
    """

    of_each: tuple[float | None, ...]
    shown: tuple[float | None, ...]
    notes: tuple[str, ...] = ()

    def members(self) -> dict[float | None, list[int]]:
        """The numbers of the names of each level, in the order of the names."""
        found: dict[float | None, list[int]] = {}
        for number, level in enumerate(self.of_each):
            found.setdefault(level, []).append(number)
        return found

    def in_windows(self, unsaid: tuple[float, ...]) -> dict[float, list[int]]:
        """The numbers of the names that are looked at in windows of each level.

        Parameters
        ----------
        unsaid : tuple of float
            The levels for names without a size.
        """
        at = self.members()
        others = at.pop(None, [])
        found = {level: numbers for level, numbers in at.items() if level is not None}
        for level in unsaid if others else ():
            found[level] = sorted([*found.get(level, []), *others])
        return found

    def said(self, names: tuple[str, ...]) -> dict[str, float | None]:
        """For a record: how much each name is enlarged."""
        rounded = (None if level is None else round(level, 3) for level in self.shown)
        return dict(zip(names, rounded, strict=True))


def levels_for(settings: Settings, source: PictureSource, model: MapModel, *, least: float = USUAL) -> Levels:
    """Choose levels at which things of the sizes that were said span as many patches as they should.

    Of these the level is the one nearest to `USUAL`. So a size that is said too large by half changes little.
    Where that would take more than about `MOST_WINDOWS` windows, or enlarge pixels more than `MOST_ENLARGED`
    times, the level is the finest that doesn't, but at least `least`.

    Parameters
    ----------
    settings : Settings
        With sizes in pixels.
    source : PictureSource
    model : MapModel
        Whose patches count.
    least : float
        What is seen without a size, as in a look: to say one must not end in less.
    """
    finest = min(MOST_ENLARGED, max(least, _quick(source, model)))
    levels: list[float | None] = []
    shown: list[float | None] = []
    notes: list[str] = []
    for name in settings.sought:
        size = settings.sizes.of(name)
        if size is None:
            levels.append(None)
            shown.append(None)
            continue
        patches = size.value / model.patch_size
        wanted = min(max(USUAL, LEAST_PATCHES / patches), MOST_PATCHES / patches)
        level = min(wanted, finest)
        enlarged = _shown(level, source, model)
        if wanted > max(finest, enlarged):
            notes.append(
                f"Things as small as '{name.name}' ({size}) are known best where the picture is enlarged "
                f"{wanted:.1f} times. It was enlarged {enlarged:.1f} times: more would take too long or show "
                "no more. A part of the picture, or one with more pixels, may give better masks."
            )
        levels.append(level)
        shown.append(enlarged)
    return Levels(tuple(levels), tuple(shown), tuple(notes))


def octaves(source: PictureSource, model: MapModel) -> tuple[float, ...]:
    """Levels at which a large picture that is shown as it is is looked at in windows, the finest first.

    Each shows half of the one before, down to what the views of a preset show about.

    Parameters
    ----------
    source : PictureSource
    model : MapModel

    Returns
    -------
    tuple of float
        Empty where the picture is small, and where the model's card doesn't say that windows help.
    """
    if not model.card.windows:
        return ()
    coarsest = LEAST_VIEWS * model.input_size / math.sqrt(math.prod(source.size))
    level, found = min(CLOSER, _quick(source, model)), []
    while level >= coarsest:
        found.append(level)
        level /= 2
    return tuple(found)


def _quick(source: PictureSource, model: MapModel) -> float:
    """The level that takes about `MOST_WINDOWS` windows."""
    return STEP * model.input_size * math.sqrt(MOST_WINDOWS / math.prod(source.size))


def _shown(level: float, source: PictureSource, model: MapModel) -> float:
    """What windows of a level show for each pixel of the picture."""
    first = views_at(level, *source.size, input_size=model.input_size)[0]
    return enlargement(first, *source.size, input_size=model.input_size, patch_size=model.patch_size)
