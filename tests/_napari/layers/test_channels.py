"""Axes and layers that hold channels: what is taken for what, ticked by name, and read in colours."""

import html
import json

import dask.array as da
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt

from napari_ovseg._napari.layers.channel_readings import preview_of, readings_of
from napari_ovseg._napari.layers.source import source_of
from napari_ovseg._napari.layers.together import group_of, source_together
from napari_ovseg._napari.panel.reading import TOGETHER
from napari_ovseg.annotation.sidecar import DOCUMENT, load

from ..brush import drag
from ..used_panel import NOISE

RNG = np.random.default_rng(1)
CHANNELS = RNG.random((4, 24, 32)).astype(np.float32)
NAMES = ["DAPI", "GFP", "Cy3", "TRITC"]


def tick(panel, place):
    """Click on the box before a channel's name."""
    ticks = panel.form.channels.ticks
    rect = ticks.visualItemRect(ticks.item(place))
    at = QPoint(rect.left() + 9, rect.center().y())
    panel.qtbot.mouseClick(ticks.viewport(), Qt.MouseButton.LeftButton, pos=at)


def read_as(panel, words):
    row = panel.form.channels
    row.reading.setCurrentIndex(row.reading.findText(words, Qt.MatchFlag.MatchContains))
    panel.qtbot.wait(10)


def names(panel):
    ticks = panel.form.channels.ticks
    return [ticks.item(i).text() for i in range(ticks.count())]


def said(panel):
    return html.unescape(panel.form.channels.said.toolTip()).removeprefix("<qt>").removesuffix("</qt>")


def test_channels_are_ticked_and_become_colours_in_that_order(make_panel):
    panel = make_panel(show=True)
    row = panel.form.channels
    panel.viewer.add_image(NOISE, name="photo")
    assert not row.isVisible()
    panel.viewer.add_image(CHANNELS, name="cells", rgb=False)
    panel.qtbot.waitUntil(row.isVisible)
    assert row.reading.currentText() == "slice by slice"
    assert "A stack of 4 slices" in row.said.text()
    assert not panel.form.slices.isHidden()
    read_as(panel, "channels: axis 0")
    assert panel.form.slices.isHidden()
    assert names(panel) == ["channel 0", "channel 1", "channel 2", "channel 3"]
    assert row.ticked() == (0, 1, 2)
    for place in (0, 1, 2):
        tick(panel, place)
    assert row.ticked() == ()
    panel.run("bright")
    assert panel.message.startswith("No channel of 'cells' is ticked")
    assert panel.method.calls == 0
    tick(panel, 3)
    tick(panel, 1)
    assert said(panel) == "2 of 4 channels: channel 3 red, channel 1 green."
    panel.run("bright")
    picture = panel.method.pictures[-1]
    assert np.corrcoef(picture[..., 0].ravel(), CHANNELS[3].ravel())[0, 1] > 0.99
    assert np.corrcoef(picture[..., 1].ravel(), CHANNELS[1].ravel())[0, 1] > 0.99
    assert not picture[..., 2].any()
    assert panel.viewer.layers["cells masks"].data.shape == (1, 24, 32)
    for place in (0, 2):
        tick(panel, place)
    assert said(panel).endswith("channel 0 blue, channel 2 cyan.")
    panel.run("bright")
    picture = panel.method.pictures[-1]
    assert picture.shape == (24, 32, 3)
    assert np.corrcoef(picture[..., 0].ravel(), CHANNELS[3].ravel())[0, 1] > 0.99


def test_each_picture_keeps_how_it_is_read(make_panel):
    panel = make_panel()
    row = panel.form.channels
    first = panel.viewer.add_image(CHANNELS, name="first", rgb=False)
    row.choose(0, (3,))
    second = panel.viewer.add_image(CHANNELS, name="second", rgb=False)
    assert (row.key, row.ticked()) == (None, ())
    panel.viewer.layers.selection.active = first
    assert (row.key, row.ticked()) == (0, (3,))
    panel.viewer.layers.selection.active = second
    assert row.key is None


def test_a_short_first_axis_is_said_to_be_channels_perhaps():
    viewer = ViewerModel()
    few = viewer.add_image(RNG.random((3, 64, 64)), rgb=False)
    assert readings_of(viewer, few)[0][0].said.endswith("If these are channels, choose 'channels: axis 0'.")
    many = viewer.add_image(RNG.random((20, 64, 64)))
    assert readings_of(viewer, many)[0][0].said == "A stack of 20 slices."


def test_of_two_short_axes_none_is_guessed():
    viewer = ViewerModel()
    two = viewer.add_image(RNG.random((5, 2, 64, 64)))
    assert readings_of(viewer, two)[0][0].said == (
        "A stack of 5 x 2 slices. If axis 0 or axis 1 holds channels, choose that one above."
    )
    one = viewer.add_image(RNG.random((50, 3, 64, 64)), rgb=False)
    assert readings_of(viewer, one)[0][0].said.endswith(
        "If those of axis 1 are channels, choose 'channels: axis 1'."
    )
    # both axes are as long as the list of names
    same = viewer.add_image(RNG.random((2, 2, 72, 80)), metadata={"channel_names": ["DAPI", "GFP"]})
    found, first = readings_of(viewer, same)
    assert [reading.names for reading in found[1:]] == [("DAPI", "GFP")] * 2
    assert first is None


MAGENTA, GREEN = (np.outer(colour, np.arange(256)).astype(np.uint8) for colour in ((1, 0, 1), (0, 1, 0)))
PLANES = (RNG.random((5, 2, 72, 80)) * 1000).astype(np.uint16)


@pytest.fixture
def hyperstack(make_panel, tmp_path):
    """A stack of 5 slices of 2 channels, as Fiji saves it, opened in a panel."""
    said = {"axes": "ZCYX", "Labels": ["DAPI", "GFP"] * 5, "LUTs": [MAGENTA, GREEN], "mode": "composite"}
    panel = make_panel(show=True)
    panel.file = tmp_path / "cells.tif"
    tifffile.imwrite(panel.file, PLANES, imagej=True, metadata=said)
    (panel.layer,) = panel.viewer.open(panel.file, plugin="napari")
    return panel


def test_an_imagej_hyperstack_is_read_by_its_own_channels_and_colours(hyperstack):
    panel, row = hyperstack, hyperstack.form.channels
    assert row.reading.currentText() == "channels: c (axis 1)"
    assert [row.reading.itemText(i) for i in range(row.reading.count())] == [
        "slice by slice",
        "channels: z (axis 0)",
        "channels: c (axis 1)",
    ]
    assert said(panel) == "2 channels: DAPI, GFP, in their file's colours."
    panel.viewer.dims.set_current_step(0, 3)
    panel.run("bright")
    picture = panel.method.pictures[-1]
    for part, channel in ((0, 0), (1, 1), (2, 0)):
        assert np.corrcoef(picture[..., part].ravel(), PLANES[3, channel].ravel())[0, 1] > 0.99
    assert panel.viewer.layers["cells masks"].data.shape == (5, 1, 72, 80)
    tick(panel, 0)
    panel.run("bright")
    picture = panel.method.pictures[-1]
    assert not picture[..., 0].any()
    assert picture[..., 1].any()
    read_as(panel, "slice by slice")
    assert said(panel) == "A stack of 5 x 2 slices."


def test_updates_and_resumed_work_keep_the_colours_of_the_file(hyperstack, make_panel, tmp_path, qtbot):
    panel = hyperstack
    panel.run("bright")
    source = panel.current.sources[(2,)]
    assert source.colours == ("#ff00ff", "#00ff00")
    panel.paint((2, 0, 5, 5), 1, "cells masks")
    panel.widget.session.flush()
    again = make_panel()
    again.viewer.open(panel.file, plugin="napari")
    qtbot.waitUntil(lambda: not again.form.resume.isHidden(), timeout=20_000)
    again.click(again.form.resume.resume)
    qtbot.waitUntil(lambda: again.current is not None, timeout=20_000)
    resumed = again.current.sources[(2,)]
    assert resumed.colours == source.colours
    assert np.array_equal(resumed.picture(), source.picture())
    # work of before there were such colours is gone on with in those that it had
    reading = {key: value for key, value in source.reading.items() if key != "colours"}
    assert source.read_as(reading).colours is None
    assert source.read_as(reading | {"colours": ["#ff00ff", "no colour"]}).colours is None


def test_a_file_that_moves_or_changes_is_read_as_it_was_opened(hyperstack, make_panel):
    panel, row = hyperstack, hyperstack.form.channels
    tifffile.imwrite(panel.file, PLANES, imagej=True, metadata={"axes": "TZYX"})
    panel.viewer.add_image(NOISE, name="other")
    panel.viewer.layers.selection.active = panel.layer
    assert (row.reading.currentText(), names(panel)) == ("channels: c (axis 1)", ["DAPI", "GFP"])
    panel.file.unlink()
    panel.layer.contrast_limits = (0, 500)
    panel.layer.name = "moved"
    assert (row.reading.currentText(), names(panel)) == ("channels: c (axis 1)", ["DAPI", "GFP"])


def test_channels_last_in_a_file_are_seen_and_read(make_panel, tmp_path):
    panel = make_panel()
    tifffile.imwrite(tmp_path / "cells.tif", RNG.random((48, 64, 5)), metadata={"axes": "YXC"})
    panel.viewer.open(tmp_path / "cells.tif", plugin="napari")
    assert panel.form.channels.reading.currentText() == "channels: c (axis 2)"
    assert tuple(panel.viewer.dims.displayed) == (0, 1)
    panel.run("bright")
    assert panel.viewer.layers["cells masks"].data.shape == (48, 64, 1)


def test_a_z_of_three_slices_and_a_single_channel_are_no_channels(make_panel, tmp_path):
    panel = make_panel()
    for name, shape, axes in (("z.tif", (3, 64, 64), "ZYX"), ("c.tif", (4, 1, 64, 64), "ZCYX")):
        tifffile.imwrite(tmp_path / name, np.ones(shape, np.uint8), imagej=True, metadata={"axes": axes})
        panel.viewer.open(tmp_path / name, plugin="napari")
        assert panel.form.channels.key is None
        assert said(panel) == f"A stack of {shape[0]} slices."


@pytest.mark.parametrize("where", ["metadata", "omero", "file", "axis"])
def test_names_of_channels_are_taken_from_the_layer_or_its_file(make_panel, tmp_path, where):
    panel = make_panel()
    if where == "file":
        path = tmp_path / "cells.ome.tif"
        tifffile.imwrite(path, CHANNELS, metadata={"axes": "CYX", "Channel": {"Name": NAMES}}, ome=True)
        panel.viewer.open(path, plugin="napari")
    else:
        metadata = {
            "metadata": {"channel_names": NAMES},
            "omero": {"omero": {"channels": [{"label": n} for n in NAMES]}},
        }
        labels = ("c", "y", "x") if where == "axis" else None
        panel.viewer.add_image(CHANNELS, rgb=False, metadata=metadata.get(where, {}), axis_labels=labels)
    row = panel.form.channels
    # what says that it has channels is read so without being asked
    assert row.key == 0
    assert names(panel) == (NAMES if where != "axis" else [f"channel {i}" for i in range(4)])
    if where != "axis":
        assert said(panel) == "3 of 4 channels: DAPI red, GFP green, Cy3 blue."


def test_a_picture_with_work_is_not_switched_to_channels(make_panel, tmp_path):
    panel = make_panel()
    layer = panel.viewer.add_image(CHANNELS, name="photo", rgb=False)
    panel.run("bright")
    layer.metadata["channel_names"] = NAMES
    panel.viewer.add_image(NOISE, name="other")
    panel.viewer.layers.selection.active = layer
    assert panel.form.channels.key is None


def test_channels_last_are_not_run_as_a_strip(make_panel):
    panel = make_panel(show=True)
    panel.viewer.add_image(np.moveaxis(CHANNELS[:2], 0, -1), name="cells", rgb=False)
    assert panel.form.channels.said.text() == "A strip 2 pixels wide: choose 'channels: axis 2'."
    panel.run("bright")
    assert "axis 2 probably holds channels" in panel.message
    assert panel.method.calls == 0
    read_as(panel, "channels: axis 2")
    assert tuple(panel.viewer.dims.displayed) == (0, 1)
    panel.run("bright")
    masks = panel.viewer.layers["cells masks"]
    assert masks.data.shape == (24, 32, 1)
    assert masks.data[..., 0].any()


def test_a_preview_shows_what_the_model_sees_and_never_waits_for_what_is_lazy(make_panel):
    viewer = ViewerModel()
    data = np.zeros((3, 200, 100), np.uint8)
    data[0, 100:] = 255
    data[2, :, 50:] = 255
    source = source_of(viewer.add_image(data, rgb=False), viewer.dims, 0, (0, 1, 2))
    small = preview_of(source)
    assert small.shape == (40, 20, 3)
    assert small[30, 5].tolist() == [255, 0, 0]
    assert small[30, 15].tolist() == [255, 0, 255]
    lazy = source_of(
        viewer.add_image(da.from_array(data), rgb=False, contrast_limits=(0, 255)), viewer.dims, 0, (0,)
    )
    assert preview_of(lazy) is None


def channels_in(viewer, **how):
    limits = [(0, 1)] * 3
    return viewer.add_image(CHANNELS[:3], channel_axis=0, name=NAMES[:3], contrast_limits=limits, **how)


def test_only_layers_that_mix_on_the_screen_are_channels_of_one_picture():
    viewer = ViewerModel()
    photos = [viewer.add_image(CHANNELS[0]) for _ in range(2)]
    first, second = channels_in(viewer), channels_in(viewer)
    other = viewer.add_image(CHANNELS[0], blending="additive", scale=(2, 2))
    assert group_of(viewer, photos[0]) == []
    assert group_of(viewer, first[2]) == first
    assert group_of(viewer, second[0]) == second
    assert group_of(viewer, other) == []


def test_layers_together_look_as_on_the_screen():
    viewer = ViewerModel()
    layers = channels_in(viewer, colormap=["blue", "green", "gray"])
    layers[1].contrast_limits = (0.2, 0.7)
    layers[2].opacity, layers[2].gamma = 0.5, 2
    picture = source_together(layers, viewer.dims, (0, 1, 2)).picture()
    grey = 0.5 * CHANNELS[2] ** 2
    green = np.clip((CHANNELS[1] - 0.2) / 0.5, 0, 1)
    np.testing.assert_allclose(picture[..., 0], grey, atol=0.01)
    np.testing.assert_allclose(picture[..., 1], np.clip(grey + green, 0, 1), atol=0.01)
    np.testing.assert_allclose(picture[..., 2], np.clip(grey + CHANNELS[0], 0, 1), atol=0.01)


def test_layers_are_run_updated_saved_and_resumed_as_one_picture(make_panel, tmp_path, qtbot, own_folders):
    panel = make_panel(show=True)
    layers = channels_in(panel.viewer)
    row = panel.form.channels
    read_as(panel, "with 2 more layers")
    # the last one was chosen; the work belongs to the first
    assert panel.form.image.currentText() == "DAPI"
    assert (row.key, row.ticked()) == (TOGETHER, (0, 1, 2))
    assert said(panel) == "3 channels: DAPI, GFP, Cy3, in their layers' colours. The work belongs to 'DAPI'."
    tick(panel, 1)
    panel.viewer.layers.selection.active = layers[1]
    assert panel.form.image.currentText() == "DAPI"
    panel.run("bright, dark")
    assert panel.method.pictures[-1].shape == (24, 32, 3)
    masks = panel.viewer.layers["DAPI masks"]
    assert masks.data.shape == (24, 32)
    drag(masks, (5, 5), (5, 9), label=2)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    assert len(panel.method.updates) == 1
    panel.widget.session.flush()
    qtbot.waitUntil(lambda: list(own_folders.rglob(DOCUMENT)) != [], timeout=10_000)
    (document,) = own_folders.rglob(DOCUMENT)
    read = json.loads(document.read_text())["slices"][0]["record"]["read"]
    assert [layer["name"] for layer in read["layers"]] == ["DAPI", "Cy3"]
    saved = load(document.parent).slices[()]
    again = make_panel(show=True)
    channels_in(again.viewer)
    again.form.image.setCurrentIndex(again.form.image.findText("DAPI"))
    qtbot.waitUntil(lambda: not again.form.resume.isHidden(), timeout=10_000)
    again.click(again.form.resume.resume)
    qtbot.waitUntil(lambda: again.current is not None, timeout=10_000)
    assert (again.form.channels.key, again.form.channels.ticked()) == (TOGETHER, (0, 2))
    assert np.array_equal(again.current.masks.labels(()), saved.masks)
    assert [part.name for part in again.current.sources[()].parts] == ["DAPI", "Cy3"]


def test_layers_that_are_renamed_or_go_away_are_followed(make_panel):
    panel = make_panel()
    layers = channels_in(panel.viewer)
    row = panel.form.channels
    read_as(panel, "with 2 more layers")
    row.choose(TOGETHER, (0, 2))
    layers[2].name = "red cells"
    assert (names(panel), row.ticked()) == (["DAPI", "GFP", "red cells"], (0, 2))
    panel.viewer.layers.remove(layers[1])
    assert (names(panel), row.ticked()) == (["DAPI", "red cells"], (0, 1))
    panel.viewer.layers.remove(layers[2])
    assert row.key is None
    panel.run("bright")
    assert panel.viewer.layers["DAPI masks"].data.any()


def test_a_panel_that_is_opened_again_reads_the_picture_as_before(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CHANNELS, name="photo", rgb=False)
    panel.form.channels.choose(0, (2,))
    panel.run("bright")
    panel.dock.destroyOnClose()
    _, widget = panel.viewer.window.add_plugin_dock_widget("napari-ovseg")
    assert (widget.form.channels.key, widget.form.channels.ticked()) == (0, (2,))
