"""How sure the masks are, as an image layer on request: light where they are not, and else not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.layers.removing import remove
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, placed_like

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position

_OPACITY = 0.5


class ConfidenceLayer:
    """The layer "<image>: unsure is light" while it is wanted; filled slice by slice.

    It holds doubt, 1 - confidence in [0, 1], so that slices of which nothing is known take no memory and look
    sure. Of another picture the same layer is used: napari may crash when a layer is removed with others.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.layer: Image | None = None
        self._of: Annotated | None = None
        # the slice that was filled last, and with what
        self._filled: tuple[Position, NDArray[np.float32] | None] | None = None

    @property
    def _shown(self) -> bool:
        return self.layer is not None and self.layer in self.viewer.layers

    def show(self, annotated: Annotated, position: Position, wanted: bool) -> None:
        """Add the layer, or take it away."""
        if wanted and not self._shown:
            self._add(annotated, position)
        elif not wanted and self._shown:
            self.remove()

    def remove(self) -> None:
        """Take the layer away, where it is."""
        if self.layer is not None and self.layer in self.viewer.layers:
            remove(self.viewer, self.layer)
        self.layer = None

    def refresh(self, annotated: Annotated, position: Position) -> None:
        """Follow an update, the slider, or another picture, while the layer is shown."""
        if self._shown:
            if self._of is not annotated:
                self._turn_to(annotated)
            self._fill(position)

    def _add(self, annotated: Annotated, position: Position) -> None:
        from napari.layers import Image

        self._of, self._filled, active = annotated, None, self.viewer.layers.selection.active
        self.layer = Image(
            np.zeros(annotated.masks.placement.shape, np.float32),
            name=_called(annotated),
            colormap=_light(),
            contrast_limits=(0, 1),
            opacity=_OPACITY,
            metadata={METADATA_KEY: {"confidence": annotated.key}},
            **placed_like(annotated.image, annotated.masks.placement),
        )
        # over the masks, so that it is seen on bright pictures too
        self.viewer.layers.insert(self.viewer.layers.index(annotated.masks.layer) + 1, self.layer)
        # the person goes on painting
        self.viewer.layers.selection.active = active
        self._fill(position)

    def _turn_to(self, annotated: Annotated) -> None:
        assert self.layer is not None
        self._of, self._filled, placement = annotated, None, annotated.masks.placement
        self.layer.data = np.zeros(placement.shape, np.float32)
        self.layer.name = _called(annotated)
        self.layer.metadata[METADATA_KEY] = {"confidence": annotated.key}
        self.layer.visible = True
        for name, value in placed_like(annotated.image, placement).items():
            setattr(self.layer, name, value)

    def _fill(self, position: Position) -> None:
        assert self.layer is not None
        assert self._of is not None
        piece = self._of.pieces.get(position)
        confidence = None if piece is None else piece.confidence
        # a stroke changes nothing of it
        if self._filled is not None and self._filled[0] == position and self._filled[1] is confidence:
            return
        self._filled = position, confidence
        index = replace(self._of.masks.placement, position=position).index
        self.layer.data[index] = 0 if confidence is None else 1 - confidence
        self.layer.refresh(extent=False, thumbnail=False)


def _called(annotated: Annotated) -> str:
    return f"{annotated.image.name}: unsure is light"


def _light() -> Any:
    """White, the less to be seen the surer."""
    from napari.utils import Colormap

    return Colormap([(1, 1, 1, 0), (1, 1, 1, 1)], name="unsure is light")
