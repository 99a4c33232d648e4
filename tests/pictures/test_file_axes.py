"""What a file says of its axes, and of its channels."""

import numpy as np
import pytest
import tifffile

from napari_ovseg.pictures import FileAxes, file_axes

CHANNELS = np.zeros((3, 20, 30), np.uint8)
MAGENTA, GREEN = (np.outer(colour, np.arange(256)).astype(np.uint8) for colour in ((1, 0, 1), (0, 1, 0)))


def written(folder, shape, name="cells.tif", **how):
    path = folder / name
    tifffile.imwrite(path, np.zeros(shape, np.uint16), **how)
    return path


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DAPI", "GFP", "Cy3"], ("DAPI", "GFP", "Cy3")),
        (["DAPI", "", "Cy3"], ("DAPI", "channel 1", "Cy3")),
        (None, ()),
    ],
)
def test_names_of_an_ome_tiff(tmp_path, names, expected):
    channel = {} if names is None else {"Channel": {"Name": names}}
    path = written(tmp_path, (3, 20, 30), "cells.ome.tif", metadata={"axes": "CYX", **channel})
    assert file_axes(path, (3, 20, 30)) == FileAxes(("c", "y", "x"), expected)


def test_colours_of_an_ome_tiff(tmp_path):
    # a signed number of red, green, blue and alpha, a byte each
    channel = {"Channel": {"Name": ["DAPI", "GFP"], "Color": [0x0000FFFF, 0xFF00FFFF - 2**32]}}
    path = written(tmp_path, (5, 2, 20, 30), "cells.ome.tif", metadata={"axes": "ZCYX", **channel})
    expected = FileAxes(("z", "c", "y", "x"), ("DAPI", "GFP"), ("#0000ff", "#ff00ff"))
    assert file_axes(path, (5, 2, 20, 30)) == expected


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["DAPI", "GFP"] * 5, ("DAPI", "GFP")),
        ([f"c:{c}/2 z:{z}/5 - cells.nd2" for z in range(5) for c in (1, 2)], ()),
        ([f"{place:04}" for place in range(10)], ()),
        (["cells.nd2"] * 10, ()),
        (None, ()),
    ],
)
def test_labels_of_imagej_are_names_where_they_tell_channels_apart(tmp_path, labels, names):
    said = {"axes": "ZCYX"} if labels is None else {"axes": "ZCYX", "Labels": labels}
    path = written(tmp_path, (5, 2, 20, 30), imagej=True, metadata=said)
    assert file_axes(path, (5, 2, 20, 30)) == FileAxes(("z", "c", "y", "x"), names)


@pytest.mark.parametrize(
    ("mode", "tables", "colours"),
    [
        ("composite", [MAGENTA, GREEN], ("#ff00ff", "#00ff00")),
        ("grayscale", [MAGENTA, GREEN], ()),
        ("composite", [GREEN, GREEN], ()),
    ],
)
def test_colours_of_imagej(tmp_path, mode, tables, colours):
    said = {"axes": "CYX", "LUTs": tables, "mode": mode}
    path = written(tmp_path, (2, 20, 30), imagej=True, metadata=said)
    assert file_axes(path, (2, 20, 30)).colours == colours


@pytest.mark.parametrize(
    ("stored", "axes", "shape", "letters"),
    [
        ((3, 5, 2, 20, 30), "TZCYX", (3, 5, 2, 20, 30), "tzcyx"),
        ((2, 5, 20, 30), "CZYX", (2, 5, 20, 30), "czyx"),
        ((20, 30, 5), "YXC", (20, 30, 5), "yxc"),
        ((3, 20, 30), "ZYX", (3, 20, 30), "zyx"),
        # readers leave out axes of length 1, or add them
        ((5, 1, 20, 30), "ZCYX", (5, 20, 30), "zyx"),
        ((5, 2, 20, 30), "ZCYX", (1, 5, 2, 20, 30), " zcyx"),
        # a stack of several such files
        ((2, 20, 30), "CYX", (7, 2, 20, 30), " cyx"),
        ((2, 5, 20, 30), None, (2, 5, 20, 30), "  yx"),
        # cropped, or of another file
        ((2, 20, 30), "CYX", (2, 10, 30), None),
        ((5, 2, 20, 30), "ZCYX", (20, 30), None),
    ],
)
def test_axes_of_an_array_are_those_of_its_file(tmp_path, stored, axes, shape, letters):
    path = written(tmp_path, stored, photometric="minisblack", metadata={"axes": axes} if axes else {})
    found = file_axes(path, shape)
    assert (found and found.letters) == (letters and tuple(letter.strip() for letter in letters))


@pytest.mark.parametrize("place", [0, -1], ids=["as stored", "turned"])
def test_samples_that_are_no_colours_are_channels(tmp_path, place):
    path = written(tmp_path, (5, 20, 30), photometric="minisblack", planarconfig="separate")
    found = file_axes(path, (5, 20, 30) if place == 0 else (20, 30, 5))
    assert found.letters[place] == "c"


def test_three_planes_that_tifffile_calls_colours_may_be_anything(tmp_path):
    tifffile.imwrite(tmp_path / "plain.tif", CHANNELS, photometric="rgb")
    assert file_axes(tmp_path / "plain.tif", CHANNELS.shape).letters == ("", "y", "x")


def test_other_files_say_nothing(tmp_path):
    (tmp_path / "text.tif").write_text("no picture")
    np.save(tmp_path / "array.npy", CHANNELS)
    for name in ("text.tif", "array.npy", "missing.tif"):
        assert file_axes(tmp_path / name, CHANNELS.shape) is None
