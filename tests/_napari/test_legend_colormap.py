import subprocess
import sys

import numpy as np
import pytest
from napari.utils.colormaps import DirectLabelColormap

from napari_ovseg._napari.colours import Legend


@pytest.mark.parametrize("void", [255, 65535])
def test_pixels_have_the_colours_that_napari_would_give_them(void):
    colours = Legend(Legend.of(["nuclei", "debris"]).labels, void).colormap()
    theirs = DirectLabelColormap(color_dict=dict(colours.color_dict))
    labels = np.array([[0, 1, 2], [3, void, 200]], np.uint8 if void == 255 else np.uint16)
    np.testing.assert_array_equal(colours.map(labels), theirs.map(labels))
    for one in (colours, theirs):
        one.use_selection, one.selection = True, 2
    np.testing.assert_array_equal(colours.map(labels), theirs.map(labels))


def test_showing_them_compiles_nothing():
    code = (
        "import numpy as np; from napari_ovseg._napari.colours import Legend; "
        "from napari.layers import Labels; "
        "from napari.utils.colormaps import _accelerated_cmap as a; "
        "layer = Labels(np.eye(8, dtype=np.uint8), colormap=Legend.of(['a']).colormap()); layer.thumbnail; "
        "inner = a._labels_raw_to_texture_direct_inner_loop; "
        "assert not getattr(inner, 'signatures', [])"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
