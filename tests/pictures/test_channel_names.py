"""What a file calls its channels."""

import numpy as np
import pytest
import tifffile

from napari_ovseg.pictures import channel_names

CHANNELS = np.zeros((3, 20, 30), np.uint8)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DAPI", "GFP", "Cy3"], ("DAPI", "GFP", "Cy3")),
        (["DAPI", "", "Cy3"], ("DAPI", "channel 1", "Cy3")),
        (None, ()),
    ],
)
def test_names_of_an_ome_tiff(tmp_path, names, expected):
    path = tmp_path / "cells.ome.tif"
    channel = {} if names is None else {"Channel": {"Name": names}}
    tifffile.imwrite(path, CHANNELS, ome=True, metadata={"axes": "CYX", **channel})
    assert channel_names(path) == expected


def test_other_files_say_none(tmp_path):
    tifffile.imwrite(tmp_path / "plain.tif", CHANNELS)
    (tmp_path / "text.tif").write_text("no picture")
    for name in ("plain.tif", "text.tif", "missing.tif"):
        assert channel_names(tmp_path / name) == ()
