"""Saves numbered states for ever, to be killed: each line on its input starts a new process that does."""

from __future__ import annotations

import os
import sys

import numpy as np

from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.labelled import NamedLabel

SLICES = 3


def state(number: int) -> Annotation:
    """All of it depends on the number, so that a mixture of two states is recognised; one slice changes."""
    annotation = Annotation((NamedLabel(1, f"state {number}", (1, 2, 3)),), settings={"number": number})
    for index in range(SLICES):
        drawn = number - (number - index) % SLICES
        rng = np.random.default_rng(max(drawn, 0))
        masks = rng.integers(0, 5, (96, 96), np.uint8)
        annotation.slices[(index,)] = SliceAnnotation(masks, 255 - masks, record={"drawn": drawn})
    return annotation


def save_for_ever(folder: str) -> None:
    sidecar, number = Sidecar(folder), 0
    if is_sidecar(folder):
        number = sidecar.load().settings["number"] + 1
    while True:
        changed = {(number % SLICES,)} if number % 2 and number > SLICES else None
        sidecar.save(state(number), changed)
        os.write(1, f"{number}\n".encode())
        number += 1


if __name__ == "__main__":
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            save_for_ever(sys.argv[1])
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"dead\n")
