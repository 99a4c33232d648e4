"""Pictures that napari has opened by itself, shown as their files mean them.

Its own reader takes samples as they are: pictures lie on their side, CMYK and four channels of any kind are
shown as RGBA, a palette as its indices, and white as black. The command line reads the same file as it is
meant, and the window has to agree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.layers.removing import remove
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.outside import Outside
from napari_ovseg.errors import InputError
from napari_ovseg.pictures import CHANNEL, Picture, file_axes, read_picture, stored_as_shown

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

# What the reader that comes with napari is called.
_BUILTIN = "napari"


class AsShown(QObject):
    """Mends pictures that are opened, and those that are there, as long as nobody has worked on them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    worked_on : callable
        ``worked_on(image) -> bool``: whether there are masks of a picture.
    parent : QObject

    Signals
    -------
    said(message, is_error)
    """

    said = Signal(str, bool)

    def __init__(self, viewer: ViewerModel, worked_on: Callable[[Image], bool], parent: QObject) -> None:
        super().__init__(parent)
        self.viewer, self._worked_on = viewer, worked_on
        self._waiting: deque[tuple[Image, Picture]] = deque()
        self._timer = single_shot(self, self._exchange)
        for layer in list(viewer.layers):
            self._mend(layer)
        # before all who look at a new picture
        Outside(self).hear(viewer.layers.events.inserted, self._inserted, position="first")

    def _inserted(self, event: Any) -> None:
        self._mend(event.value)

    def _mend(self, layer: Any) -> None:
        try:
            picture = self._meant(layer)
        except InputError:
            # what napari could read and this package can't is no worse than it was
            return
        if picture is None:
            return
        colours = picture.has_colours
        if layer.ndim == picture.pixels.ndim - colours and bool(layer.rgb) == colours:
            layer.data = picture.pixels
            if not colours:
                layer.reset_contrast_limits()
            self._say(layer.name)
        else:
            # who lists pictures passes it over
            layer.metadata[METADATA_KEY] = {"replaced": True}
            self._waiting.append((layer, picture))
            self._timer.start(0)

    def _meant(self, layer: Any) -> Picture | None:
        """The picture that a layer ought to have; None where it has them, or somebody has changed it."""
        from napari.layers import Image

        if not isinstance(layer, Image) or layer.multiscale or not isinstance(layer.data, np.ndarray):
            return None
        path = layer.source.path
        if layer.source.reader_plugin != _BUILTIN or path is None or not Path(path).is_file():
            return None
        channels = bool(layer.rgb) and _holds_channels(path, layer.data)
        if self._worked_on(layer) or (stored_as_shown(path) and not channels):
            return None
        picture = read_picture(path)
        if channels:
            return picture if _equal(picture.pixels, layer.data) else None
        if _equal(picture.pixels, layer.data) or _is_stack_of(picture, layer.data, path):
            return None
        return picture if _equal(_as_napari_reads(str(path)), layer.data) else None

    def _exchange(self) -> None:
        """Put a new layer in the place of one that can't hold the picture: grey where there are colours."""
        from napari.layers import Image

        layer, picture = self._waiting.popleft()
        if layer in self.viewer.layers:
            name, at = layer.name, self.viewer.layers.index(layer)
            new = Image(
                picture.pixels,
                rgb=picture.has_colours,
                name=name,
                opacity=layer.opacity,
                visible=layer.visible,
                metadata={METADATA_KEY: {"path": str(layer.source.path)}},
            )
            self.viewer.add_layer(new)
            self.viewer.layers.move(self.viewer.layers.index(new), at)
            remove(self.viewer, layer, partial(setattr, new, "name", name))
            if len(self.viewer.layers) == 1:
                self.viewer.reset_view()
            self._say(name)
        if self._waiting:
            self._timer.start(0)

    def _say(self, name: str) -> None:
        text = f"'{name}' is shown upright and in its colours, as its file says; napari had it otherwise."
        # what is said before a picture is chosen is wiped away
        QTimer.singleShot(0, lambda: self.said.emit(text, False))


def _equal(one: Any, other: Any) -> bool:
    return one is not None and one.dtype == other.dtype and np.array_equal(one, other)


def _holds_channels(path: str, data: np.ndarray) -> bool:
    """Whether what napari takes for RGBA, because there are four of them, are channels of another kind."""
    said = file_axes(path, data.shape) if data.shape[-1] == 4 else None
    return said is not None and said.letters[-1] == CHANNEL


def _is_stack_of(picture: Picture, data: np.ndarray, path: str) -> bool:
    """Whether the data are colours as planes that may be slices: tifffile calls any three slices colours."""
    if data.ndim < 3 or not _equal(picture.pixels, np.moveaxis(data, -3, -1)):
        return False
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        return bool(tiff.is_shaped)


def _as_napari_reads(path: str) -> np.ndarray | None:
    from napari_builtins.io import imread

    try:
        return np.asarray(imread(path))
    # any of its many readers may fail in its own way, on a file that has changed since
    except Exception:
        return None
