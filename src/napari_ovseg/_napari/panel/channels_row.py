"""How a picture with more than two axes, or of several layers, is read; a view only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel
from superqt.utils import signals_blocked

from napari_ovseg._napari.panel.channel_ticks import ChannelTicks, swatch
from napari_ovseg._napari.panel.choice_box import ChoiceBox
from napari_ovseg._napari.panel.long_words import tip
from napari_ovseg._napari.panel.reading import PREVIEW, TOGETHER, Key, Reading
from napari_ovseg.channel_colours import CHANNEL_COLOURS, as_hex, usual_colours

# So many channels are ticked from the start.
_OFFERED = 3
_NONE_TICKED = "No channel is ticked: tick at least one."
# So many letters fit beside the title in the narrowest panel.
_ONE_LINE = 30


class ChannelsRow(QWidget):
    """A list of ways to read, and channels to tick, with their colours and a small preview.

    Signals
    -------
    changed()
        A person, or saved work, has chosen another way to read.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reading = ChoiceBox("Stacks are segmented slice by slice; say so if an axis holds channels.")
        self.ticks = ChannelTicks()
        self.ticks.setToolTip("The channels that the model sees, in these colours.")
        self.preview = QLabel()
        self.preview.setToolTip("What the model sees.")
        self.said = QElidingLabel()
        self.said.setWordWrap(True)
        # what it says must not dictate the width of the dock
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._readings: tuple[Reading, ...] = ()
        # no picture: not even None, which is offered first
        self._of: object = self
        self._ticked: list[int] = []
        self._chosen: dict[object, tuple[Key, tuple[str, ...]]] = {}
        self._lay_out()
        self.reading.currentIndexChanged.connect(self._turn)
        self.ticks.itemChanged.connect(self._tick)
        self.offer(None, [Reading(None, "slice by slice")])

    def _lay_out(self) -> None:
        seen = QHBoxLayout()
        seen.addWidget(self.said, 1)
        seen.addWidget(self.preview)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.reading)
        rows.addWidget(self.ticks)
        rows.addLayout(seen)

    @property
    def key(self) -> Key:
        """How the picture is read."""
        return self._readings[max(self.reading.currentIndex(), 0)].key

    @property
    def fresh(self) -> bool:
        """Whether nothing was chosen yet for the picture."""
        return self._of not in self._chosen

    def ticked(self) -> tuple[int, ...]:
        """The channels that are ticked, in the order of their colours."""
        return tuple(self._ticked)

    def colours(self) -> tuple[str, ...] | None:
        """The colours of the channels that are ticked, where their picture says so."""
        known = self._readings[max(self.reading.currentIndex(), 0)].colours
        return None if known is None else tuple(known[place] for place in self._ticked)

    def places(self, names: Sequence[str]) -> list[int]:
        """Where these layers are among those that are offered together."""
        together = self._readings[self._index(TOGETHER)].names
        return [place for place, name in enumerate(together) if name in names]

    def offer(self, of: object, readings: Sequence[Reading], first: Key = None) -> None:
        """Offer the readings of a picture; what was chosen for it before is chosen again, else `first`."""
        if (of, tuple(readings)) == (self._of, self._readings):
            return
        before = (self._of, *self._now()) if self._readings else ()
        if self._readings and of != self._of:
            self._chosen[self._of] = self._now()
        key, ids = self._now() if self._readings and of == self._of else self._chosen.get(of, (first, ()))
        self._of, self._readings = of, tuple(readings)
        with signals_blocked(self.reading):
            self.reading.clear()
            for reading in readings:
                self.reading.offer(reading.title, reading.key)
            self.reading.setCurrentIndex(self._index(key))
        there = self._readings[self._index(key)].ids
        self._fill([there.index(one) for one in ids if one in there])
        if before != (of, *self._now()):
            self.changed.emit()

    def choose(self, key: Key, ticked: Sequence[int] = ()) -> None:
        """Read so, if that is offered, with these channels or, without any, the first."""
        index = self._index(key)
        if self._readings[index].key != key:
            return
        with signals_blocked(self.reading):
            self.reading.setCurrentIndex(index)
        self._fill(ticked)
        self._keep()

    def hand_over(self, of: object) -> None:
        """Read another picture so as soon as its readings are offered, and this one by itself again."""
        self._chosen[of] = self._now()
        self.choose(None)

    def show_preview(self, picture: NDArray[np.uint8] | None) -> None:
        """Show what the model sees, (h, w, 3), or nothing."""
        self.preview.setVisible(picture is not None)
        if picture is not None:
            picture = np.ascontiguousarray(picture)
            height, width = picture.shape[:2]
            image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            self.preview.setPixmap(QPixmap.fromImage(image))

    def _index(self, key: Key) -> int:
        # not by findData: to Qt, no data is what every missing entry has
        return next((i for i, reading in enumerate(self._readings) if reading.key == key), 0)

    def _turn(self, _index: int) -> None:
        self._fill(())
        self._keep()

    def _now(self) -> tuple[Key, tuple[str, ...]]:
        ids = self._readings[max(self.reading.currentIndex(), 0)].ids
        return self.key, tuple(ids[place] for place in self._ticked)

    def _keep(self) -> None:
        self._chosen[self._of] = self._now()
        self.changed.emit()

    def _fill(self, ticked: Sequence[int]) -> None:
        reading = self._readings[max(self.reading.currentIndex(), 0)]
        count = len(reading.names)
        offered = range(count if reading.key == TOGETHER else min(count, _OFFERED))
        wanted = list(dict.fromkeys(place for place in ticked if 0 <= place < count))
        self._ticked = wanted or list(offered)
        with signals_blocked(self.ticks):
            self.ticks.clear()
            for name in reading.names:
                item = QListWidgetItem(name)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                self.ticks.addItem(item)
        self.ticks.setVisible(bool(reading.names))
        if not reading.names:
            self.show_preview(None)
        self._show_ticked()

    def _tick(self, item: QListWidgetItem) -> None:
        place = self.ticks.row(item)
        there = item.checkState() == Qt.CheckState.Checked
        if there == (place in self._ticked):
            return
        self._ticked = [*self._ticked, place] if there else [one for one in self._ticked if one != place]
        if self._readings[self.reading.currentIndex()].key == TOGETHER:
            self._ticked.sort()
        self._show_ticked()
        self._keep()

    def _show_ticked(self) -> None:
        """Give the channels that are ticked their colours, and say what is read."""
        reading = self._readings[max(self.reading.currentIndex(), 0)]
        usual = dict(zip(self._ticked, usual_colours(len(self._ticked)), strict=True))
        with signals_blocked(self.ticks):
            for place, name in enumerate(reading.names):
                item = self.ticks.item(place)
                assert item is not None
                there = place in usual
                colour = None if reading.colours is None else reading.colours[place]
                item.setCheckState(Qt.CheckState.Checked if there else Qt.CheckState.Unchecked)
                shown = as_hex(CHANNEL_COLOURS[usual[place]]) if there and colour is None else colour
                item.setIcon(swatch(shown if there else None))
                item.setToolTip(tip(name))
        self.ticks.fit()
        said, in_full = _said(reading, usual)
        self.said.setText(said)
        self.said.setToolTip(tip(in_full))
        self.said.setVisible(bool(said))
        # else two lines of text, the height of the preview: what is longer has its tooltip
        one_line = not reading.names and len(said) <= _ONE_LINE
        self.said.setFixedHeight(self.fontMetrics().lineSpacing() + 2 if one_line else PREVIEW)


def _said(reading: Reading, usual: dict[int, str]) -> tuple[str, str]:
    """What is taken for what: in few words, since names and colours stand above, and in full."""
    if not reading.names:
        return reading.said, reading.said
    if not usual:
        return (_NONE_TICKED,) * 2
    count = f"{len(usual)}" if len(usual) == len(reading.names) else f"{len(usual)} of {len(reading.names)}"
    what = f"{count} channel{'s' * (len(reading.names) > 1)}"
    if reading.colours is None:
        short, shown = (
            "in these colours",
            ", ".join(f"{reading.names[i]} {name}" for i, name in usual.items()),
        )
    else:
        short = "in their layers' colours" if reading.key == TOGETHER else "in their file's colours"
        shown = f"{', '.join(reading.names[place] for place in usual)}, {short}"
    said = (f"{what}, {short}.", f"{what}: {shown}.")
    return said[0] + f" {reading.said}" * bool(reading.said), said[1] + f" {reading.said}" * bool(
        reading.said
    )
