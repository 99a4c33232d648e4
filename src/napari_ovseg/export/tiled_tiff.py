"""Labels that don't fit into memory as a tiled OME-TIFF with a pyramid, written tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.export.lazy_labels import BAND, LazyLabels
from napari_ovseg.export.pyramid import count_levels

# side of a tile: a multiple of 16, as TIFF has it
TILE = 512


def write_tiled(
    file: BinaryIO,
    labels: LazyLabels,
    metadata: dict[str, Any],
    shown: Mapping[str, Any],
    resolution: Mapping[str, Any],
) -> None:
    """Write labels with coarser levels, of which each has one label of each block of two by two.

    Parameters
    ----------
    file : BinaryIO
    labels : LazyLabels
    metadata : dict
        Of the OME-XML.
    shown, resolution : mapping
        Arguments for ``tifffile.TiffWriter.write``: how the labels are shown, and how large a pixel is.
    """
    import tifffile

    levels = count_levels(labels.shape)
    how: dict[str, Any] = {"dtype": labels.dtype, "tile": (TILE, TILE), "compression": "zlib", **shown}
    # more than 4 GB need another kind of file
    with tifffile.TiffWriter(file, ome=True, bigtiff=True) as tiff:
        tiff.write(
            _tiles(labels, 1), shape=labels.shape, subifds=levels - 1, metadata=metadata, **how, **resolution
        )
        for level in range(1, levels):
            step = 2**level
            coarser = tuple(-(-length // step) for length in labels.shape)
            tiff.write(_tiles(labels, step), shape=coarser, subfiletype=1, metadata=None, **how)


def _tiles(labels: LazyLabels, step: int) -> Iterator[NDArray[np.unsignedinteger]]:
    """Tiles of every ``step``-th label, row by row; those at the rim are filled up with background."""
    height = labels.shape[0]
    for top in range(0, height, TILE * step):
        rows = [
            labels[start : min(start + BAND, top + TILE * step, height) : step, ::step]
            # a multiple of the step, so that each part begins with a label that is picked
            for start in range(top, min(top + TILE * step, height), BAND)
        ]
        strip = np.concatenate(rows)
        for left in range(0, strip.shape[1], TILE):
            part = strip[:, left : left + TILE]
            missing = [(0, TILE - length) for length in part.shape]
            yield np.ascontiguousarray(np.pad(part, missing))
