"""A fast stand-in for runs of large pictures: it writes four tiles where the real one writes its own."""

from __future__ import annotations

import shutil
import time
from types import SimpleNamespace

import numpy as np
import zarr

from napari_ovseg.errors import Cancelled, LossError
from napari_ovseg.large.on_disk import masks_folder
from napari_ovseg.views.tiled import TILES


def masks_of(folder):
    return zarr.open_array(str(folder / "0"), mode="r")[...]


class FakeTiles:
    """`segment_large`; all of the picture is of the first category, and others are absent.

    What is there is the same if it was made in the same look.
    """

    def __init__(self, method):
        self.method, self.calls = method, []
        self.hold_at = None
        """Before which tile it waits for ``method.hold``."""

    def __call__(self, opened, settings, output, *, resume, progress, should_stop, on_tile, **how):
        call = SimpleNamespace(opened=opened, settings=settings, output=output, **how)
        self.calls.append(call)
        if self.method.error is not None:
            raise self.method.error
        assert resume
        names = [category.name for category in settings.sought]
        found = SimpleNamespace(share={names[0]: 0.5}, record={"absent": names[1:]})
        if output.exists() and not call.overwrite:
            if (output / settings.look).exists():
                return found
            raise LossError(f"{output} is there already", replaceable=True)
        shutil.rmtree(output, ignore_errors=True)
        height, width = opened.source.size
        folder = masks_folder(output, finished=False)
        masks = zarr.open_array(
            str(folder / "0"), mode="a", shape=(height, width), chunks=(height, width), dtype=np.uint8
        )
        tiles = [
            (slice(top, top + height // 2), slice(left, left + width // 2))
            for top in (0, height // 2)
            for left in (0, width // 2)
        ]
        done = [tile for tile in tiles if masks[tile].any()]
        for tile in done:
            on_tile(tile, masks[tile])
        progress(TILES, len(done), len(tiles))
        for number in range(len(done), len(tiles)):
            while number == self.hold_at and not self.method.hold.is_set():
                self.method.holding.set()
                if should_stop():
                    raise Cancelled("Stopped.")
                time.sleep(0.002)
            masks[tiles[number]] = 1
            on_tile(tiles[number], masks[tiles[number]])
            progress(TILES, number + 1, len(tiles))
        while self.hold_at == len(tiles) and not self.method.hold.is_set():
            self.method.holding.set()
            time.sleep(0.002)
        finished = masks_folder(output, finished=True)
        finished.parent.mkdir(parents=True)
        folder.rename(finished)
        coarser = zarr.create_array(str(finished / "1"), data=masks_of(finished)[::2, ::2])
        assert coarser.shape == (height // 2, width // 2)
        # how it was made
        (output / settings.look).touch()
        return found
