"""A picture of any size, headless: what holds for the whole is decided once, then it is segmented in tiles.

`tiles` cuts it, `survey` decides on `samples` of it, `decided` is what was decided and learnt, `blending`
joins what is said of tiles that overlap, `tile_masks` is one tile, `on_disk` what is written as it goes, and
`run` puts these together.
"""

from __future__ import annotations

from napari_ovseg.large.run import LargeSegmentation, is_large, segment_large

__all__ = ["LargeSegmentation", "is_large", "segment_large"]
