"""Masks of a large picture on the disk: an OME-Zarr, written chunk by chunk, that can be gone on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from napari_ovseg.atomic import explained, flush_names, move_folder_in, prepare_folder, recover_folder
from napari_ovseg.categories import count_ids, labels_dtype
from napari_ovseg.errors import InputError, LossError, OutputError
from napari_ovseg.export.about import ABOUT
from napari_ovseg.export.ome_zarr import say_what_labels_are
from napari_ovseg.export.plan import Dataset, Item
from napari_ovseg.export.pyramid import count_levels
from napari_ovseg.large.tiles import Tile
from napari_ovseg.many.ledger import Ledger

UNFINISHED = ".unfinished"
_MASKS, _TILES, _RUN, _LOCK = "masks.ome.zarr", "tiles", "run", ".lock"
_DIGEST = "made with"


def masks_folder(target: Path, *, finished: bool) -> Path:
    """Where the levels of masks are that end up in an OME-Zarr: in it, or beside it as they are written."""
    root = target if finished else target.with_name(target.name + UNFINISHED) / _MASKS
    return root / "labels" / "masks"


class MasksOnDisk:
    """The masks of a run that is going on: beside the place where they will be, with a ledger of its tiles.

    A tile counts as done when its chunk is on the disk and the ledger says so, in this order. All of it moves
    to its place when the last tile is done, so what is there is never half a picture.

    Parameters
    ----------
    target : Path
        Where the OME-Zarr ends up.
    how : str
        Digest of all that the masks depend on.

    Raises
    ------
    InputError
        When zarr is not installed.
    """

    def __init__(self, target: Path, how: str) -> None:
        try:
            import zarr
        except ImportError as error:
            raise InputError(
                "A picture of this size is written as OME-Zarr, which needs one more package: pip install "
                '"napari-ovseg[ome-zarr]".'
            ) from error
        self._zarr, self.target, self._how = zarr, target, how
        self.folder = target.with_name(target.name + UNFINISHED)
        self._ledger = Ledger(self.folder / _TILES)

    def is_finished(self) -> bool:
        """Whether the masks are at their place, made in the same way."""
        try:
            said = self._zarr.open_group(str(self.target / "labels" / "masks"), mode="r").attrs
        except Exception:
            # what is there is no OME-Zarr of ours, whatever its parts raise
            return False
        return bool(said.get(_DIGEST) == self._how)

    def told(self) -> tuple[dict[str, Any], dict[str, float]]:
        """Return the record of masks that are finished, and the share of each name."""
        said = self._zarr.open_group(str(self.target / "labels" / "masks"), mode="r").attrs
        about: Any = said[ABOUT]
        record = dict(about["record"])
        return record, record.pop("share")

    @contextmanager
    def begun(
        self, size: tuple[int, int], count: int, side: int, *, resume: bool, overwrite: bool
    ) -> Iterator[None]:
        """Make room for masks of ``size (H, W)`` and ``count`` names, or go on with those that are there.

        No other run writes them meanwhile; if this one is killed, the system lets the next one in.

        Parameters
        ----------
        size : tuple of int
        count : int
        side : int
            Of a chunk.
        resume : bool
            Whether to keep the tiles that are done.
        overwrite : bool
            Whether what is at the target, or unfinished, may be replaced.

        Raises
        ------
        LossError
            When there is something that may not be replaced, such as a run that was begun in another way.
        OutputError
            When the folder can't be written to, or another run writes there.
        """
        found = self.folder.exists()
        if not found:
            self._refuse_to_lose(overwrite)
            prepare_folder(self.folder)
        with self._alone():
            recover_folder(self.target)
            self._refuse_to_lose(overwrite)
            self._make_room(size, count, side, found=found, resume=resume, overwrite=overwrite)
            yield
        if self.target.exists() and not (self.folder / _MASKS).exists():
            self.clear_up()

    def _refuse_to_lose(self, overwrite: bool) -> None:
        if os.path.lexists(self.target) and not overwrite:
            raise LossError(f"{self.target} is there already", replaceable=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other runs out of the folder of what is unfinished."""
        lock = FileLock(self.folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise OutputError(
                f"Another run is writing {self.target}: wait until it is done, or choose another output."
            ) from error
        except OSError as error:
            raise explained(self.folder / _LOCK, error) from error
        try:
            yield
        finally:
            lock.release()

    def _make_room(
        self, size: tuple[int, int], count: int, side: int, *, found: bool, resume: bool, overwrite: bool
    ) -> None:
        ours = resume and self._ledger.load(_RUN) == {_DIGEST: self._how}
        if found and not (ours or overwrite):
            otherwise = " and was begun with another picture, model or choice" if resume else ""
            raise LossError(f"{self.folder} of a run that was stopped is there{otherwise}", replaceable=True)
        if not ours:
            for old in (self.folder / _MASKS, self.folder / _TILES):
                shutil.rmtree(old, ignore_errors=True)
            root = self._zarr.open_group(str(self.folder / _MASKS), mode="w", zarr_format=3)
            chunks = tuple(min(side, length) for length in size)
            masks = root.create_group("labels").create_group("masks")
            masks.create_array(
                "0", shape=size, chunks=chunks, dtype=labels_dtype(count), dimension_names=["y", "x"]
            )
            self._ledger.save(_RUN, {_DIGEST: self._how})
        self._root = self._zarr.open_group(str(self.folder / _MASKS), mode="r+")

    @property
    def labels(self) -> Any:
        """The masks at full detail, a zarr array ``(H, W)``."""
        return self._root["labels/masks/0"]

    def found_in(self, tile: Tile) -> dict[int, int] | None:
        """Return how many pixels each id has in the core of a tile; None where it is not done."""
        entry = self._ledger.load(tile.key)
        return None if entry is None else {int(number): pixels for number, pixels in entry["pixels"].items()}

    def write(self, tile: Tile, masks: NDArray[np.unsignedinteger[Any]]) -> dict[int, int]:
        """Write the core of a tile, which is one chunk, then note that it is done; count the pixels of ids.

        Raises
        ------
        OutputError
            When the disk is full, for example.
        """
        chunk = self.folder / _MASKS / "labels/masks/0/c" / str(tile.row) / str(tile.column)
        try:
            self.labels[tile.core] = masks
            # zarr leaves out chunks of background
            if chunk.exists():
                with chunk.open("rb+") as file:
                    os.fsync(file.fileno())
                flush_names(chunk.parent)
        except OSError as error:
            raise explained(chunk, error) from error
        pixels = {number: int(n) for number, n in enumerate(count_ids(masks)) if n}
        self._ledger.save(tile.key, {"pixels": pixels})
        return pixels

    def finish(self, item: Item, dataset: Dataset, side: int) -> None:
        """Write coarser levels and what the labels are, and move all to its place.

        Parameters
        ----------
        item : Item
            Whose labels are `labels`.
        dataset : Dataset
        side : int
            Of a chunk.
        """
        masks = self._root["labels/masks"]
        levels = count_levels(self.labels.shape)
        try:
            for number in range(1, levels):
                _write_coarser(masks, number, side)
            say_what_labels_are(self._root, item, dataset, levels)
            # a group that was opened before has not heard of that
            self._root["labels/masks"].attrs[_DIGEST] = self._how
            prepare_folder(self.target.parent)
            move_folder_in(self.folder / _MASKS, self.target)
        except OSError as error:
            raise explained(self.target, error) from error

    def clear_up(self) -> None:
        """Remove what is only needed to go on."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _write_coarser(group: Any, number: int, side: int) -> None:
    """Write a level of a pyramid from the finer one, a chunk at a time: one label of each two by two."""
    finer = group[str(number - 1)]
    shape = tuple(-(-length // 2) for length in finer.shape)
    chunks = tuple(min(side, length) for length in shape)
    coarser = group.create_array(
        str(number),
        shape=shape,
        chunks=chunks,
        dtype=finer.dtype,
        dimension_names=["y", "x"],
        overwrite=True,
    )
    for top in range(0, shape[0], chunks[0]):
        for left in range(0, shape[1], chunks[1]):
            part = finer[2 * top : 2 * (top + chunks[0]), 2 * left : 2 * (left + chunks[1])]
            coarser[top : top + chunks[0], left : left + chunks[1]] = part[::2, ::2]
