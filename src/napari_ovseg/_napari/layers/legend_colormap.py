"""The colours of a labels layer, without the compiler that napari starts for them."""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray


class LegendColormap(DirectLabelColormap):
    """Colours of few labels.

    For the first labels layer of this kind napari compiles a loop with numba, on the main thread: the window
    stands still for seconds. It only fills a table of 256 or 65,536 colours, which numpy does at once.
    """

    def _map_without_cache(self, values: NDArray[np.integer]) -> NDArray[np.float32]:
        colours = np.empty((*values.shape, 4), np.float32)
        colours[...] = self.default_color
        for label, colour in self.color_dict.items():
            if label is not None:
                colours[values == label] = colour
        return colours
