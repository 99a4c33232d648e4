"""A picture being painted in a window, with the real `Autosave`; see the fixture `desk`."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QMainWindow

from napari_ovseg._napari.saving.autosave import Autosave
from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.labelled import NamedLabel

IDENTITY = PictureIdentity(None, "pixels:0", (20, 30), "uint8")


class Desk:
    """A picture being painted, and what was said about it."""

    def __init__(self, place, qtbot):
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.place, self.snapshots = place, 0
        self.said, self.failures = [], []
        self.picture, self.places = 0, {}
        self.masks = np.zeros((20, 30), np.uint8)
        self.changed = set()
        self.problems = []
        self.autosave = Autosave(self.snapshot, lambda: self.picture, self.found, self.hear, self.window)
        self.autosave.problem.connect(self.problems.append)

    def hear(self, sentence, failed):
        self.said.append(sentence)
        self.failures.append(failed)

    def found(self, picture):
        place = self.places.get(picture, self.place)
        return None if place is None else Found(place, IDENTITY)

    def paint(self, value):
        self.masks[:] = value
        self.changed = {(0,)}
        self.autosave.touch()

    def snapshot(self, again):
        self.snapshots += 1
        changed, self.changed = self.changed, set()
        changed = None if again is None else changed | again
        slices = {(i,): SliceAnnotation(self.masks + i, self.masks.copy()) for i in range(2)}
        return Annotation((NamedLabel(1, "cell", (1, 2, 3)),), slices=slices), changed


def on_disk(place):
    slices = load(place).slices if is_sidecar(place) else {}
    return int(slices[(0,)].masks[0, 0]) if slices else None
