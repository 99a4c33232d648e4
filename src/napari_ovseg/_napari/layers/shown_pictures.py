"""Another picture is put into an image layer: noticed when it happens, and so is the first one's return."""

from __future__ import annotations

import itertools
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, belongs_to
from napari_ovseg._napari.layers.shown import Content, content_of, picture_key, shown_by
from napari_ovseg._napari.outside import Outside
from napari_ovseg.annotation.identity import identify

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

_EARLIER = " (earlier picture)"
_numbers = itertools.count(2)


def is_picture(layer: Any) -> bool:
    """Whether a layer is a picture of the person's: no confidence, nor one that is about to be replaced."""
    from napari.layers import Image

    flags = {"confidence", "replaced"} & set(layer.metadata.get(METADATA_KEY, {}))
    return isinstance(layer, Image) and not flags


class ShownPictures(QObject):
    """Watches the data of image layers.

    What differs at a glance, or is lazy and another array, is taken for another picture at once: a stroke
    that comes next belongs to it. A checksum in the background finds what a glance does not see, and knows
    an earlier picture again. napari also tells of data that are set and are the same as before.

    Signals
    -------
    leaving(Image)
        Another picture is in the layer, whose key is still that of the one before: the moment to save its
        work.
    replaced(Image, bool)
        The layer has another key; whether that is the key of an earlier picture, whose layers are bound to it
        again. Otherwise the layers of the one before are hidden, renamed and bound to no picture.
    """

    leaving = Signal(object)
    replaced = Signal(object, bool)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._background = Background(self)
        self._checking = self._ended = False
        # what is to be looked at closely: the latest of each layer
        self._next: dict[Image, Content] = {}

    @property
    def busy(self) -> bool:
        """Whether a picture is being looked at closely, or is about to be."""
        return self._checking or bool(self._next)

    def start(self) -> None:
        """Watch the layers from now on."""
        viewer = self.viewer
        for layer in list(viewer.layers):
            self._follow(layer)
        outside = Outside(self)
        outside.hear(viewer.layers.events.inserted, lambda event: self._follow(event.value))
        outside.hear(viewer.layers.events.removed, lambda event: self._unfollow(event.value))
        outside.at_end(self._stop)

    def _follow(self, layer: Any) -> None:
        if is_picture(layer):
            content = shown_by(layer).contents[picture_key(layer)]
            layer.events.data.connect(self._set)
            # the panel may have been closed for a while; what is lazy is read only where it has to be
            if not content.may_be(content_of(layer)) or not content.is_lazy:
                self._look(layer)

    def _unfollow(self, layer: Any) -> None:
        if is_picture(layer):
            layer.events.data.disconnect(self._set)
            self._next.pop(layer, None)

    def _stop(self) -> None:
        self._ended = True
        for layer in self.viewer.layers:
            self._unfollow(layer)
        self._next.clear()

    def _set(self, event: Any) -> None:
        self._look(event.source)

    def _look(self, image: Image) -> None:
        if not is_picture(image):
            return
        known, now = shown_by(image), content_of(image)
        if not known.contents[known.key].may_be(now):
            self._turn(image, f"{image.unique_id}#{next(_numbers)}", now)
        self._next[image] = now
        self._check()

    def _check(self) -> None:
        """Look at one layer closely; of one that changes ten times a second, frames are left out."""
        if self._checking or not self._next:
            return
        image = next(iter(self._next))
        now, known = self._next.pop(image), shown_by(image)
        todo = [content for content in {*known.contents.values(), now} if not content.checksum]
        self._checking = True
        look = partial(_checksums, [content.pixels for content in todo])
        self._background.start(look, partial(self._checked, image, now, known.key, todo))

    def _checked(
        self, image: Image, now: Content, key: str, todo: list[Content], outcome: Future[list[str]]
    ) -> None:
        self._checking = False
        for content, checksum in zip(todo, outcome.result(), strict=True):
            content.checksum = checksum
        known = shown_by(image)
        # in the meantime another picture may have come that is another at a glance
        if image in self.viewer.layers and known.key == key and not self._ended:
            current = known.contents[key]
            same = [k for k, one in known.contents.items() if one is not now and one.checksum == now.checksum]
            if same and key not in same:
                self._turn(image, same[0], now)
            elif not same and current is not now:
                self._turn(image, f"{image.unique_id}#{next(_numbers)}", now)
        for k, content in known.contents.items():
            if k != known.key and content.checksum:
                content.pixels = None
        self._check()

    def _turn(self, image: Image, key: str, content: Content) -> None:
        self.leaving.emit(image)
        known, before = shown_by(image), picture_key(image)
        back = key in known.contents
        hold = [layer for layer in self.viewer.layers if belongs_to(layer) == before]
        if not hold and before != str(image.unique_id):
            # a camera shows thousands, and nobody has worked on them
            del known.contents[before]
        elif known.contents[before].checksum:
            known.contents[before].pixels = None
        known.key, known.contents[key] = key, content
        if self.viewer.layers.selection.active in hold:
            self.viewer.layers.selection.active = image
        again = [layer for layer in self.viewer.layers if back and belongs_to(layer) == key]
        for layer in again:
            # napari numbers names that are there twice
            layer.name += " "
        for layer in hold:
            _put_away(layer)
        for layer in again:
            _bring_back(layer)
        self.replaced.emit(image, back)


def _checksums(pictures: list[Any]) -> list[str]:
    return [_checksum(pixels) for pixels in pictures]


def _checksum(pixels: Any) -> str:
    try:
        return identify(pixels).checksum
    # what can't be read is no picture that was seen before
    except Exception:
        return f"unread:{next(_numbers)}"


def _put_away(layer: Any) -> None:
    layer.metadata[METADATA_KEY]["was"] = (layer.name, layer.visible)
    layer.name += _EARLIER
    layer.visible = False
    # it is saved already, and what was painted now would be seen on the wrong picture
    layer.editable = False


def _bring_back(layer: Any) -> None:
    name, visible = layer.metadata[METADATA_KEY].pop("was", (layer.name, layer.visible))
    layer.editable = True
    layer.name = name
    if visible and not layer.visible:
        layer.visible = True
