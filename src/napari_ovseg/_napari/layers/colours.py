"""What each label is called and how it looks, the same in both labels layers and in the category table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_ovseg.categories import Category, void_id
from napari_ovseg.labelled import NamedLabel, named_labels

if TYPE_CHECKING:
    from napari.utils.colormaps import DirectLabelColormap

Colour = tuple[float, float, float, float]

_BACKGROUND: Colour = (0.0, 0.0, 0.0, 0.0)
_VOID: Colour = (0.6, 0.6, 0.6, 0.45)
_UNNAMED: Colour = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Legend:
    """The one table that layers, status bar and category table are made from."""

    labels: tuple[NamedLabel, ...]
    void: int = 255

    @classmethod
    def of(cls, categories: Iterable[Category | str]) -> Legend:
        """Number categories from 1 in their order, with the colours that go with them."""
        labels = named_labels(categories)
        return cls(labels, void_id(len(labels)))

    @property
    def names(self) -> dict[int, str]:
        return {label.id: label.name for label in self.labels}

    @property
    def features(self) -> dict[str, list[int] | list[str]]:
        """Columns for a labels layer: napari's status bar reads `index`, other tools read `label`."""
        ids = [0, *self.names, self.void]
        return {"index": ids, "label": ids, "name": ["background", *self.names.values(), "unsure"]}

    def colormap(self) -> DirectLabelColormap:
        """Colours for a labels layer; labels without a name are white, so that a slip of the brush shows."""
        from napari_ovseg._napari.layers.legend_colormap import LegendColormap

        colours: dict[int | None, Colour] = {None: _UNNAMED, 0: _BACKGROUND, self.void: _VOID}
        for label in self.labels:
            red, green, blue = (channel / 255 for channel in label.colour)
            colours[label.id] = (red, green, blue, 1.0)
        return LegendColormap(color_dict=colours)

    def agrees_with(self, names: Mapping[int, str]) -> bool:
        """Whether each label means the same under both lists, as far as both go."""
        return all(names.get(label.id, label.name) == label.name for label in self.labels)
