"""A fast stand-in for runs of large pictures: it writes four tiles where the real one writes its own."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import zarr

from napari_ovseg.errors import Cancelled
from napari_ovseg.large.on_disk import masks_folder

STAGE = "Segmenting, tile by tile"


class FakeTiles:
    """`segment_large`; all of the picture is of the first category, and others are absent."""

    def __init__(self, method):
        self.method, self.calls = method, []
        self.hold_at = None
        """Before which tile it waits for ``method.hold``."""

    def __call__(self, source, settings, output, *, resume, progress, should_stop, on_tile, **how):
        self.calls.append(SimpleNamespace(source=source, settings=settings, output=output, **how))
        if self.method.error is not None:
            raise self.method.error
        assert resume
        height, width = source.size
        folder = masks_folder(output, finished=False)
        masks = zarr.open_array(
            str(folder / "0"), mode="a", shape=source.size, chunks=source.size, dtype=np.uint8
        )
        tiles = [
            (slice(top, top + height // 2), slice(left, left + width // 2))
            for top in (0, height // 2)
            for left in (0, width // 2)
        ]
        done = [tile for tile in tiles if masks[tile].any()]
        for tile in done:
            on_tile(tile, masks[tile])
        for number in range(len(done), len(tiles)):
            progress(STAGE, number, len(tiles))
            while number == self.hold_at and not self.method.hold.is_set():
                self.method.holding.set()
                if should_stop():
                    raise Cancelled("Stopped.")
                time.sleep(0.002)
            masks[tiles[number]] = 1
            on_tile(tiles[number], masks[tiles[number]])
        finished = masks_folder(output, finished=True)
        finished.parent.mkdir(parents=True)
        folder.rename(finished)
        names = [category.name for category in settings.sought]
        return SimpleNamespace(share={names[0]: 0.5}, record={"absent": names[1:]})
