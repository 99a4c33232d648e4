"""What napari opens by itself is shown as the command line reads it, while nobody has worked on it."""

from __future__ import annotations

import numpy as np
import tifffile
from PIL import Image

from napari_ovseg.pictures import read_picture

COLOURS = np.random.default_rng(0).integers(0, 255, (40, 64, 3), np.uint8)
GREY = COLOURS[..., 0]


def turned(path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(COLOURS).save(path, exif=exif)


KINDS = {
    "turned.jpg": turned,
    "turned.png": turned,
    "cmyk.jpg": lambda at: Image.fromarray(COLOURS).convert("CMYK").save(at),
    "cmyk.tif": lambda at: Image.fromarray(COLOURS).convert("CMYK").save(at),
    "palette.tif": lambda at: Image.fromarray(COLOURS).quantize(9).save(at),
    "white.tif": lambda at: tifffile.imwrite(at, GREY, photometric="miniswhite"),
    "clear.png": lambda at: Image.fromarray(np.dstack([GREY, GREY // 2])).save(at),
    "planes.tif": lambda at: tifffile.imwrite(
        at, np.moveaxis(COLOURS, -1, 0), photometric="rgb", planarconfig="separate", metadata=None
    ),
    "grey_turned.tif": lambda at: tifffile.imwrite(
        at, GREY, photometric="minisblack", extratags=[(274, "H", 1, 8, True)]
    ),
}


def settled(panel):
    """All that was opened has its place, and what was said is on the panel."""
    panel.qtbot.waitUntil(lambda: not panel.widget._as_shown._waiting, timeout=5000)
    panel.qtbot.wait(20)


def check(panel, path):
    settled(panel)
    (layer,) = panel.viewer.layers
    wanted = read_picture(path).pixels
    np.testing.assert_array_equal(layer.data, wanted)
    assert layer.rgb == (wanted.ndim == 3)
    assert layer.name == path.stem
    assert panel.widget.pictures.image is layer
    assert f"'{path.stem}' is shown upright" in panel.message


def test_a_picture_that_is_opened_is_shown_as_its_file_says(make_panel, tmp_path):
    panel = make_panel()
    for name, save in KINDS.items():
        save(tmp_path / name)
        panel.viewer.open(str(tmp_path / name), plugin="napari")
        check(panel, tmp_path / name)
        panel.viewer.layers.clear()


def test_four_channels_that_are_no_colours_are_channels(make_panel, tmp_path):
    panel = make_panel()
    four = np.dstack([COLOURS, GREY])
    tifffile.imwrite(tmp_path / "cells.tif", four, photometric="minisblack", planarconfig="contig")
    panel.viewer.open(tmp_path / "cells.tif", plugin="napari")
    settled(panel)
    (layer,) = panel.viewer.layers
    assert not layer.rgb
    np.testing.assert_array_equal(layer.data, four)
    assert panel.form.channels.reading.currentText() == "channels: c (axis 2)"


def test_so_is_one_that_is_there_before_the_panel(make_panel, make_viewer, qtbot, tmp_path):
    from ..used_panel import Panel

    name = "palette.tif"
    KINDS[name](tmp_path / name)
    method = make_panel().method
    viewer = make_viewer()
    viewer.open(str(tmp_path / name), plugin="napari")
    check(Panel(qtbot, viewer, method), tmp_path / name)


def test_several_that_need_new_layers_keep_their_order(make_panel, tmp_path):
    names = ("palette.tif", "planes.tif", "clear.png")
    panel = make_panel(show=True)
    for name in names:
        KINDS[name](tmp_path / name)
        panel.viewer.open(str(tmp_path / name), plugin="napari")
    settled(panel)
    assert panel.layers == ["palette", "planes", "clear"]
    assert all(layer.rgb for layer in panel.viewer.layers)


def test_an_ordinary_picture_and_one_that_somebody_changed_stay_as_they_are(make_panel, tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / "plain.png")
    panel = make_panel()
    (layer,) = panel.viewer.open(str(tmp_path / "plain.png"), plugin="napari")
    settled(panel)
    np.testing.assert_array_equal(layer.data, COLOURS)
    assert panel.message == ""
    KINDS["cmyk.tif"](tmp_path / "edited.tif")
    (layer,) = panel.viewer.open(str(tmp_path / "edited.tif"), plugin="napari")
    layer.data = changed = np.flipud(layer.data).copy()
    panel.widget._as_shown._mend(layer)
    assert layer.data is changed


def test_three_slices_that_tifffile_calls_colours_stay_slices(make_panel, tmp_path):
    tifffile.imwrite(tmp_path / "slices.tif", np.moveaxis(COLOURS, -1, 0))
    panel = make_panel()
    (layer,) = panel.viewer.open(str(tmp_path / "slices.tif"), plugin="napari")
    settled(panel)
    assert list(panel.viewer.layers) == [layer]
    assert layer.data.shape == np.moveaxis(COLOURS, -1, 0).shape


def test_a_picture_with_masks_stays_as_it_is(make_panel, tmp_path):
    turned(tmp_path / "photo.png")
    panel = make_panel()
    (layer,) = panel.viewer.open(str(tmp_path / "photo.png"), plugin="napari")
    with Image.open(tmp_path / "photo.png") as picture:
        layer.data = before = np.asarray(picture)
    panel.run("bright, dark")
    assert "photo masks" in panel.layers
    panel.widget._as_shown._mend(layer)
    assert layer.data is before


def test_masks_lie_on_the_upright_picture_in_all_that_is_exported(make_panel, tmp_path):
    turned(tmp_path / "photo.png")
    panel = make_panel()
    panel.viewer.open(str(tmp_path / "photo.png"), plugin="napari")
    panel.run("bright, dark")
    panel.qtbot.waitUntil(lambda: bool(panel.widget.session.places.found), timeout=10_000)
    (picture,) = panel.widget.exporting.labelled_pictures()
    upright = read_picture(tmp_path / "photo.png").pixels
    assert picture.labels.shape == upright.shape[:2] == (64, 40)
    assert picture.picture_path == tmp_path / "photo.png"
    bright = upright.mean(axis=-1) > 200
    assert (picture.labels[bright] == 1).mean() > 0.9
