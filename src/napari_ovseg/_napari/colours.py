"""What each label is called and how it looks, the same in both labels layers and in the category table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_ovseg.categories import void_id
from napari_ovseg.colours import category_colours

if TYPE_CHECKING:
    from napari.utils.colormaps import DirectLabelColormap

Colour = tuple[float, float, float, float]

_BACKGROUND: Colour = (0.0, 0.0, 0.0, 0.0)
_VOID: Colour = (0.6, 0.6, 0.6, 0.45)
_UNNAMED: Colour = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Legend:
    """The one table that layers, status bar and category table are made from; `names` are labels 1 and up."""

    names: tuple[str, ...]

    @property
    def features(self) -> dict[str, list[int] | list[str]]:
        """Columns for a labels layer: napari's status bar reads `index`, other tools read `label`."""
        labels = [0, *range(1, len(self.names) + 1), void_id(len(self.names))]
        return {"index": labels, "label": labels, "name": ["background", *self.names, "unsure"]}

    @property
    def colours(self) -> list[Colour]:
        """Colour of each category, as red, green, blue and opacity in [0, 1]."""
        rows = category_colours(len(self.names))[1:] / 255
        return [(red, green, blue, 1.0) for red, green, blue in rows.tolist()]

    def colormap(self) -> DirectLabelColormap:
        """Colours for a labels layer; labels without a name are white, so that a slip of the brush shows."""
        from napari.utils.colormaps import DirectLabelColormap

        colours: dict[int | None, Colour] = {None: _UNNAMED, 0: _BACKGROUND, void_id(len(self.names)): _VOID}
        colours.update(enumerate(self.colours, start=1))
        return DirectLabelColormap(color_dict=colours)

    def agrees_with(self, names: Sequence[str]) -> bool:
        """Whether each label means the same under both lists, as far as both go."""
        return all(ours == theirs for ours, theirs in zip(self.names, names, strict=False))
