"""How sure the masks are, as an image layer on request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_ovseg._napari.layers import METADATA_KEY, placed_like
from napari_ovseg._napari.removing import remove

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position


class ConfidenceLayer:
    """The layer "<image> confidence" while it is wanted; filled slice by slice."""

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.layer: Image | None = None
        self._of: Annotated | None = None

    def show(self, annotated: Annotated, position: Position, wanted: bool) -> None:
        """Add the layer, or take it away."""
        if self.layer is not None and self.layer in self.viewer.layers:
            remove(self.viewer, self.layer)
        self.layer = None
        if wanted:
            self._add(annotated, position)

    def refresh(self, annotated: Annotated, position: Position) -> None:
        """Follow an update, or the slider, while the layer is shown."""
        if self.layer is None or self.layer not in self.viewer.layers:
            return
        if self._of is not annotated:
            self.show(annotated, position, True)
        else:
            self._fill(position)

    def _add(self, annotated: Annotated, position: Position) -> None:
        from napari.layers import Image

        placement = annotated.masks.placement
        active = self.viewer.layers.selection.active
        self._of = annotated
        self.layer = Image(
            np.zeros(placement.shape, np.float32),
            name=f"{annotated.image.name} confidence",
            colormap="magma",
            contrast_limits=(0, 1),
            opacity=0.7,
            metadata={METADATA_KEY: {"confidence": annotated.key}},
            **placed_like(annotated.image, placement),
        )
        self.viewer.layers.insert(self.viewer.layers.index(annotated.masks.layer), self.layer)
        # the person goes on painting
        self.viewer.layers.selection.active = active
        self._fill(position)

    def _fill(self, position: Position) -> None:
        assert self.layer is not None
        assert self._of is not None
        piece = self._of.pieces.get(position)
        if piece is not None and piece.confidence is not None:
            index = replace(self._of.masks.placement, position=position).index
            self.layer.data[index] = piece.confidence
            self.layer.refresh()
