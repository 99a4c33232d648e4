"""A fast stand-in for the method: thresholds brightness, keeps the contract of progress and stopping."""

from __future__ import annotations

import threading
import time
from functools import partial
from types import SimpleNamespace

import numpy as np

from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg.categories import labels_dtype, void_id
from napari_ovseg.errors import Cancelled
from napari_ovseg.segmentation import State
from napari_ovseg.vocabularies import read_vocabulary

from .fake_tiles import FakeTiles


class FakeMethod:
    """`segment` with steps that can be counted, delayed and held up between pseudo-labels and masks."""

    def __init__(self, *, steps=4, seconds=0.0, absent=(), error=None):
        self.steps, self.seconds, self.absent, self.error = steps, seconds, absent, error
        self.pictures, self.checkpoints, self.calls, self.steps_done = [], [], 0, 0
        self.updates, self.asked, self.packs, self.guessed = [], [], [], "none"
        self.methods, self.looks, self.sizes, self.tried = [], [], [], ()
        self.looked_for = []
        self.tiles = FakeTiles(self)
        self.hold = threading.Event()
        self.hold.set()
        self.holding = threading.Event()

    def load_model(self, name, *, checkpoint=None, device="auto", progress=None):
        progress("Loading", 1, 1)
        self.checkpoints.append(checkpoint)
        return SimpleNamespace(name=name, device=device)

    def segment(self, image, settings, *, model, progress, should_stop, on_pseudo_labels):
        self.calls += 1
        self.packs.append(settings.pack)
        self.methods.append(settings.method)
        self.looks.append(settings.look)
        self.sizes.append(settings.size)
        self.pictures.append(image)
        if self.error is not None:
            raise self.error
        for step in range(self.steps):
            self._step(step, progress, should_stop)
        wanted = list(settings.sought)
        names = [category.name for category in wanted]
        self.looked_for.append(names)
        masks = self.masks_of(image, names)
        pseudo = masks.copy()
        pseudo[:2] = void_id(len(names))
        on_pseudo_labels(pseudo, np.ones(pseudo.shape, np.float32))
        while not self.hold.is_set():
            self.holding.set()
            if should_stop():
                raise Cancelled("Stopped.")
            time.sleep(0.002)
        record = {
            "absent": [name for name in names if name in self.absent],
            "warnings": [],
            "model": model.name,
            "pack": self.guessed if settings.pack == "guess" else settings.pack,
        }
        state = State(tuple(range(1, len(names) + 1)), np.ones((len(names) + 1, 2, 2), np.float32), None)
        presence = np.array([0.12 if name in self.absent else 0.93 for name in names], np.float32)
        return SimpleNamespace(
            categories=wanted,
            pseudo_labels=pseudo,
            masks=masks,
            confidence=np.abs(image.mean(axis=-1) - 0.4).astype(np.float32),
            presence=presence,
            record=record,
            state=state,
            stages={},
            tried=self.tried,
        )

    def suggest(self, image, vocabulary, *, model, preset, progress, should_stop):
        """Rank a vocabulary by its order."""
        self.asked.append((image, vocabulary, model.name, preset))
        if self.error is not None:
            raise self.error
        for step in range(self.steps):
            self._step(step, progress, should_stop)
        while not self.hold.is_set():
            self.holding.set()
            if should_stop():
                raise Cancelled("Stopped.")
            time.sleep(0.002)
        names = read_vocabulary(vocabulary)
        ranked = [
            SimpleNamespace(category=name, name=name.name, score=1 / (2 + place))
            for place, name in enumerate(names)
        ]
        return SimpleNamespace(ranked=ranked, note="Some were left out.")

    def _step(self, step, progress, should_stop):
        if should_stop():
            raise Cancelled("Stopped.")
        progress("Looking at the picture", step, self.steps)
        time.sleep(self.seconds)
        self.steps_done += 1

    def masks_of(self, image, names):
        """Bright pixels are the first category, very dark ones the last; absent ones are not painted."""
        grey = image.mean(axis=-1)
        masks = np.zeros(grey.shape, labels_dtype(len(names)))
        for number, (name, where) in enumerate(zip(names, (grey > 0.6, grey < 0.2), strict=False), start=1):
            if name not in self.absent:
                masks[where] = number
        return masks

    @property
    def engine(self):
        return Engine(self.load_model, self.segment, partial(FakeLearner, self), self.suggest, self.tiles)


class FakeLearner:
    """An update that gives every pixel as bright as a painted one, to two decimals, the painted category."""

    def __init__(self, method, picture, state, *, edges=None, guide=None, should_stop=None):
        self.method, self.grey, self.state = method, picture.mean(axis=-1).round(1), state

    def update(self, masks, human, *, locked=(), should_stop=None):
        self.method.updates.append((masks.copy(), human.copy(), frozenset(locked)))
        void = np.iinfo(human.dtype).max
        updated = masks.copy()
        for id in np.unique(human[human != void]):
            updated[np.isin(self.grey, self.grey[human == id])] = id
        updated = np.where(np.isin(masks, list(locked)), masks, updated)
        updated = np.where(human != void, human, updated)
        sure = (human != void) | np.isin(masks, list(locked))
        return SimpleNamespace(masks=updated, confidence=np.where(sure, 1, 0.9).astype(np.float32))
