import subprocess
import sys

import numpy as np
import pytest
from napari.utils.colormaps import DirectLabelColormap

from napari_ovseg._napari.layers.colours import Legend


@pytest.mark.parametrize("void", [255, 65535])
def test_pixels_have_the_colours_that_napari_would_give_them(void):
    colours = Legend(Legend.of(["nuclei", "debris"]).labels, void).colormap()
    theirs = DirectLabelColormap(color_dict=dict(colours.color_dict))
    labels = np.array([[0, 1, 2], [3, void, 200]], np.uint8 if void == 255 else np.uint16)
    np.testing.assert_array_equal(colours.map(labels), theirs.map(labels))
    for one in (colours, theirs):
        one.use_selection, one.selection = True, 2
    np.testing.assert_array_equal(colours.map(labels), theirs.map(labels))


SHOW = """
import sys
import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap, _accelerated_cmap
from napari_ovseg._napari.layers.colours import Legend

colours = Legend.of(["a"]).colormap()
if sys.argv[1] == "napari":
    colours = DirectLabelColormap(color_dict=dict(colours.color_dict))
layer = Labels(np.eye(8, dtype=np.uint8), colormap=colours)
layer.thumbnail
print(len(_accelerated_cmap._labels_raw_to_texture_direct_inner_loop.signatures))
"""


@pytest.mark.parametrize("whose", ["ours", "napari"])
def test_showing_them_compiles_nothing_where_those_of_napari_do(whose):
    pytest.importorskip("numba")
    done = subprocess.run([sys.executable, "-c", SHOW, whose], capture_output=True, text=True, check=True)
    assert (int(done.stdout) == 0) == (whose == "ours")
