"""How large the things in a picture are, as far as somebody says it: of all of them, or of each name.

The size of a thing is how wide it is, about: of a long one, the side of a square of the same area. How
closely things of a size are looked at is up to ``levels.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real

from napari_ovseg.categories import Category, name_key, same_name
from napari_ovseg.errors import InputError
from napari_ovseg.separators import plain_separators, tidy
from napari_ovseg.units import unit_of_length

Said = str | float | Mapping[str, str | float]
"""As somebody says sizes: "12 um", 40, "nuclei 40, cells 120", or one for each name."""

_PIXELS = ("", "px", "pixel", "pixels")
_MOST_PIXELS = 1e6
_ENTRY = re.compile(r"(?:(?P<name>.*?[^\s:=])[\s:=]+)?(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[^\W\d]*)")
_SEPARATOR = re.compile(r"[\n\r;]|(?<!\d),|,(?!\d)")
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
# what looks like several sizes in one entry: "nuclei 40 cells"
_NUMBER_AND_WORD = re.compile(r"\s[\d.]+\s*[^\W\d]")
_MEND = 'write pixels or a length, such as "40", "12 um" or "nuclei 40, cells 120"'


@dataclass(frozen=True)
class Length:
    """A length in pixels of the picture, or in a unit; it writes itself by `str`: "40 px", "12 µm".

    Attributes
    ----------
    value : float
        Above 0; of pixels at most a million.
    unit : str, optional
        The name of a unit that `units.unit_of_length` knows, such as "micrometer"; None for pixels.

    Raises
    ------
    InputError
        When the value is out of its range.
    """

    value: float
    unit: str | None = None

    def __post_init__(self) -> None:
        most = _MOST_PIXELS if self.unit is None else math.inf
        if not (math.isfinite(self.value) and 0 < self.value <= most):
            raise InputError(f"A thing can't be {self.value:g} wide: {_MEND}.")

    def __str__(self) -> str:
        known = unit_of_length(self.unit)
        # without an exponent, which no one types
        return f"{Decimal(f'{self.value:.6g}'):f} {'px' if known is None else known[1]}"

    def in_pixels(self, pixel_size: tuple[float, float] | None, unit: str | None) -> Length:
        """Return the same in pixels.

        Parameters
        ----------
        pixel_size : (float, float), optional
            Height and width of a pixel of the picture in `unit`; where they differ the mean counts.
        unit : str, optional
            As `units.unit_of_length` reads it.

        Raises
        ------
        InputError
            When it is in a unit, and the picture doesn't say how large its pixels are or can't be right
            about that.
        """
        own, other = unit_of_length(self.unit), unit_of_length(unit)
        if own is None:
            return self
        if pixel_size is None or other is None:
            raise InputError(
                f"The size {self} can't be told in pixels, since the picture doesn't say how large a pixel "
                'is: give the size in pixels, such as "40", or a picture that says it, such as OME-TIFF.'
            )
        height, width = pixel_size
        try:
            return Length(self.value * own[2] / (math.sqrt(height * width) * other[2]))
        except (ArithmeticError, ValueError):
            raise InputError(
                f"The size {self} can't be told in pixels, since a pixel can't be {height:g} × {width:g} "
                f"{other[1]} large, as the picture says: correct that, such as by the scale of its layer, or "
                'give the size in pixels, such as "40".'
            ) from None


@dataclass(frozen=True)
class Sizes:
    """The sizes of things; it writes itself by `str` so that `parse_sizes` reads it back.

    Attributes
    ----------
    of_all : Length, optional
        Of names that have none of their own; None where it isn't said.
    of_each : tuple of (str, Length)
        Of names, each once.

    Raises
    ------
    InputError
        When a name has two sizes.
    """

    of_all: Length | None = None
    of_each: tuple[tuple[str, Length], ...] = ()

    def __post_init__(self) -> None:
        names = [name_key(name) for name, _ in self.of_each]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"The size of '{name}' is said twice: leave one of the two out.")

    def __str__(self) -> str:
        own = [] if self.of_all is None else [str(self.of_all)]
        return ", ".join([*own, *(f"{name} {size}" for name, size in self.of_each)])

    def __bool__(self) -> bool:
        return self.of_all is not None or bool(self.of_each)

    def of(self, category: Category) -> Length | None:
        """Return the size of a category, by its name or a synonym; None where it isn't said."""
        own = (size for name, size in self.of_each for word in category.phrases if same_name(name, word))
        return next(own, self.of_all)

    def in_pixels(self, pixel_size: tuple[float, float] | None, unit: str | None) -> Sizes:
        """Return the same in pixels, as `Length.in_pixels`."""
        of_all = None if self.of_all is None else self.of_all.in_pixels(pixel_size, unit)
        each = tuple((name, size.in_pixels(pixel_size, unit)) for name, size in self.of_each)
        return Sizes(of_all, each)

    def times(self, factor: float) -> Sizes:
        """Return all of them larger by a factor."""
        of_all = None if self.of_all is None else replace(self.of_all, value=self.of_all.value * factor)
        each = tuple((name, replace(size, value=size.value * factor)) for name, size in self.of_each)
        return Sizes(of_all, each)

    def only(self, categories: Iterable[Category]) -> Sizes:
        """Leave out the sizes of names that are none of these; background words have no size."""
        sought = [category for category in categories if not category.background]
        words = {name_key(word) for category in sought for word in category.phrases}
        return replace(self, of_each=tuple(one for one in self.of_each if name_key(one[0]) in words))

    def check(self, categories: Iterable[Category]) -> None:
        """Refuse the size of a name that is none of these, and two sizes of the same category.

        Raises
        ------
        InputError
        """
        categories = tuple(categories)
        known = self.only(categories).of_each
        for one in self.of_each:
            if one not in known:
                several = _NUMBER_AND_WORD.search(one[0]) is not None
                raise InputError(
                    f"There is a size of '{one[0]}', which is not among the names: "
                    + ("separate sizes by commas" if several else "type it there too, or leave its size out")
                    + "."
                )
        for category in categories:
            words = {name_key(word) for word in category.phrases}
            own = [name for name, _ in self.of_each if name_key(name) in words]
            if len(own) > 1:
                raise InputError(
                    f"The size of '{category.name}' is said twice, of '{own[0]}' and of '{own[1]}': leave "
                    "one of the two out."
                )


def parse_sizes(said: Said | Sizes | None) -> Sizes:
    """Read sizes.

    Parameters
    ----------
    said : str, float, mapping, Sizes or None
        Entries of a text are separated by commas, semicolons or lines. Each is a length, or a name and a
        length: "40" for all, "nuclei 40", "nuclei: 12 um". No unit, or "px", stands for pixels of the
        picture, and so does a number. A mapping has a length for each name. Nothing, or an empty text, says
        no size.

    Returns
    -------
    Sizes

    Raises
    ------
    InputError
        When it can't be read, with what may be written.

    Examples
    --------
    >>> str(parse_sizes("40")), str(parse_sizes({"nuclei": 40, "cells": "12 um"}))
    ('40 px', 'nuclei 40 px, cells 12 µm')
    """
    if said is None or isinstance(said, Sizes):
        return said or Sizes()
    if isinstance(said, str):
        entries = [_entry(one) for one in _split(said)]
    elif isinstance(said, Mapping):
        entries = [(_name(name), _length(size)) for name, size in said.items()]
    else:
        entries = [("", _length(said))]
    of_all = [size for name, size in entries if not name]
    if len(of_all) > 1:
        raise InputError(f"Two sizes are said without a name, {of_all[0]} and {of_all[1]}: {_MEND}.")
    return Sizes(next(iter(of_all), None), tuple((name, size) for name, size in entries if name))


def readable_sizes(text: str) -> Sizes:
    """Read what can be read of a text, as `parse_sizes`: of a size that is said twice the first."""
    sizes = Sizes()
    for one in _split(text):
        try:
            name, size = _entry(one)
            if name:
                sizes = replace(sizes, of_each=(*sizes.of_each, (name, size)))
            elif sizes.of_all is None:
                sizes = replace(sizes, of_all=size)
        except InputError:
            continue
    return sizes


def _split(text: str) -> list[str]:
    """Entries of a text; a comma within a number stays in its entry, which is refused for it."""
    return [one for one in _SEPARATOR.split(plain_separators(text)) if one.strip()]


def _entry(text: str) -> tuple[str, Length]:
    if _COMMA_IN_NUMBER.search(text):
        raise InputError(
            f'"{text.strip()}" can\'t be read as a size. Decimals have a point, thousands have no comma, and '
            "sizes are separated by a comma and a space."
        )
    found = _ENTRY.fullmatch(tidy(text))
    if found is None:
        raise InputError(f'There is no size "{text.strip()}": {_MEND}.')
    unit = unit_of_length(found["unit"])
    if unit is None and found["unit"].lower() not in _PIXELS:
        raise InputError(f'There is no unit "{found["unit"]}": write px, um, nm or mm, such as "12 um".')
    return found["name"] or "", Length(float(found["number"]), None if unit is None else unit[0])


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"A size belongs to a name, and {name!r} is none: {_MEND}.")
    return tidy(name)


def _length(size: object) -> Length:
    if isinstance(size, Real) and not isinstance(size, bool):
        try:
            return Length(float(size))
        except OverflowError:
            return Length(math.inf)
    name, length = _entry(size) if isinstance(size, str) else ("?", None)
    if name or length is None:
        raise InputError(f'There is no size "{size}": {_MEND}.')
    return length
