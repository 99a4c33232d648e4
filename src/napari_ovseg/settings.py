"""How a picture is segmented: one object from text box, command line, Python and sidecar alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from napari_ovseg.categories import Category, format_categories
from napari_ovseg.errors import InputError
from napari_ovseg.models.registry import BUNDLED
from napari_ovseg.views.looks import AUTO, look_called
from napari_ovseg.views.presets import check_preset
from napari_ovseg.views.sizes import Said, Sizes, parse_sizes
from napari_ovseg.wording.packs import GUESS, pack_called


class Choices(TypedDict, total=False):
    """The fields of `Settings` that `pipeline.segment` takes by keyword."""

    preset: str
    method: str | None
    look: str
    size: Said
    pack: str
    known: bool
    background: bool
    seed: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the masks of a picture depend on, besides the picture; checked once, when it is made.

    Attributes
    ----------
    names : tuple of Category
        What to look for, as `categories.parse_categories` reads a typed list.
    model : str
        Name of a model, as for `load_model`; with `checkpoint`, of an architecture.
    checkpoint : Path, optional
        A local file with weights.
    device : str
        "auto", "cuda", "mps" or "cpu".
    preset : {"fast", "balanced", "best"}
        How many views of the picture the model sees, where it is shown as it is.
    method : str, optional
        One of the methods on the model's card; by default the one that suits the model.
    look : str
        How the picture is shown to the model: "auto" for the look that suits the picture, or one as
        `views.looks.parse_look` reads it, such as "dark things, background removed, dimmed".
    size : str, float or mapping
        How large the things are that are looked for, as `views.sizes.parse_sizes` reads it, such as 40
        (pixels), "12 um" or ``{"nuclei": 40, "cells": 120}``; "" where it is not said. Kept as text.
    pack : str
        Background pack, one of `wording.PACKS`: its words compete with the names, besides those typed after
        ``background:``, and its prompts stand around both. "none" is none; "guess" takes the one that fits
        the picture: none where that isn't clear (with ``cam`` then natural scene), with ``explain``, or
        without a background.
    known : bool
        Whether all names are known to be in the picture; by default the model judges which are.
    background : bool
        Whether a pixel may be of none of the categories. Without it every pixel is of one, of the likeliest
        where the model finds none there.
    seed : int
        Same input, settings and seed give the same masks on the same machine.

    Raises
    ------
    InputError
        When there is no such preset, look or pack, a size can't be read or is of none of the names, or
        background words are given where there is to be no background.
    """

    names: tuple[Category, ...]
    model: str = BUNDLED
    checkpoint: Path | None = None
    device: str = "auto"
    preset: str = "balanced"
    method: str | None = None
    look: str = AUTO
    size: Said = ""
    pack: str = GUESS
    known: bool = False
    background: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_preset(self.preset)
        if not self.background and self.background_words is not None:
            raise InputError(
                "There are background words but no background: leave them out, or background=True."
            )
        object.__setattr__(self, "pack", pack_called(self.pack))
        object.__setattr__(self, "look", look_called(self.look))
        sizes = parse_sizes(self.size)
        sizes.check(self.sought)
        object.__setattr__(self, "size", str(sizes))

    @property
    def sought(self) -> tuple[Category, ...]:
        """The names of things, without the background words."""
        return tuple(name for name in self.names if not name.background)

    @property
    def background_words(self) -> Category | None:
        """What was typed after ``background:``, if anything."""
        return next((name for name in self.names if name.background), None)

    @property
    def sizes(self) -> Sizes:
        """How large things are, as far as it is said."""
        return parse_sizes(self.size)

    def in_pixels(self, pixel_size: tuple[float, float] | None, unit: str | None) -> Settings:
        """Return the same with sizes in pixels of a picture, see `views.sizes.Length.in_pixels`."""
        return replace(self, size=str(self.sizes.in_pixels(pixel_size, unit)))

    def saved(self) -> dict[str, Any]:
        """Return the choices of a person as JSON can hold them, in the form that a sidecar keeps.

        Returns
        -------
        dict
            Text or None by name; ``names`` is the typed list.
        """
        return {
            "names": format_categories(self.names),
            "model": self.model,
            "checkpoint": None if self.checkpoint is None else str(self.checkpoint),
            "preset": self.preset,
            "pack": self.pack,
            "method": self.method,
            "look": self.look,
            "size": self.size,
            "device": self.device,
        }
