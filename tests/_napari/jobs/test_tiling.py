"""Run in tiles: a large picture is segmented onto the disk, and the masks are seen as they are written."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.jobs.tiling import plain_name
from napari_ovseg._napari.layers import growing_masks
from napari_ovseg.errors import InputError

SIZE = (600, 900)


@pytest.fixture
def panel(make_panel, monkeypatch, tmp_path):
    # as large as slides are, for the window; an eighth of that is quicker
    monkeypatch.setattr(growing_masks, "LONGEST_SIDE", 512)
    monkeypatch.setattr(growing_masks, "IN_MEMORY", (256, 64))
    panel = make_panel()
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    panel.viewer.add_image(
        [picture, picture[::2, ::2]], name="slide", multiscale=True, scale=(0.5, 0.5), units="um"
    )
    panel.type_names("nuclei, debris")
    panel.folder, panel.output = tmp_path, tmp_path / "slide-masks.ome.zarr"
    panel.asked = []

    def choose(parent, title, folder):
        panel.asked.append(title)
        return "" if panel.folder is None else str(panel.folder)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    return panel


def run(panel):
    panel.click(panel.form.run_in_tiles)
    panel.wait_until_idle()


def masks_of(panel):
    return panel.viewer.layers["slide masks in tiles"]


def test_all_of_a_slide_is_written_and_shown_where_the_picture_is(panel):
    assert panel.form.run_in_tiles.isVisibleTo(panel.form)
    run(panel)
    # a long path may be broken anywhere
    assert panel.message.replace("\u200b", "") == (
        f"Found 'nuclei' in 50.0% of the picture. Probably absent: debris. The masks are in {panel.output}."
    )
    layer = masks_of(panel)
    assert layer.multiscale
    assert [level.shape for level in layer.data] == [SIZE, (150, 225), (40, 60)]
    assert all((np.asarray(level) == 1).all() for level in layer.data)
    assert layer.extent.world.tolist() == panel.viewer.layers["slide"].extent.world.tolist()
    assert layer.features["name"].tolist() == ["background", "nuclei", "debris", "unsure"]
    [call] = panel.method.tiles.calls
    assert call.opened.source.size == SIZE
    assert (call.opened.pixel_size, call.opened.unit) == ((0.5, 0.5), "micrometer")
    assert call.settings.sought[0].name == "nuclei"
    assert panel.asked == ["A folder for slide-masks.ome.zarr"]


def test_what_is_in_view_comes_first_in_sizes_of_full_detail(panel):
    panel.form.size_row.take("12 um")
    panel.viewer.camera.zoom = 8
    panel.viewer.camera.center = (225, 60)
    run(panel)
    [call] = panel.method.tiles.calls
    top, left, bottom, right = call.first
    assert (top + bottom) / 2 == pytest.approx(0.75, abs=0.01)
    assert (left + right) / 2 == pytest.approx(60 / 450, abs=0.01)
    assert bottom - top < 0.5
    assert call.settings.size == "12 µm"


def test_stopped_it_goes_on_with_the_tiles_that_are_done(panel):
    panel.method.hold.clear()
    panel.method.tiles.hold_at = 2
    panel.click(panel.form.run_in_tiles)
    panel.qtbot.waitUntil(panel.method.holding.is_set)
    panel.qtbot.waitUntil(lambda: "slide masks in tiles" in panel.viewer.layers)
    panel.qtbot.waitUntil(lambda: (np.asarray(masks_of(panel).data[2]) == 1).sum() == 20 * 60)
    assert (np.asarray(masks_of(panel).data[0][: SIZE[0] // 2]) == 1).all()
    assert not np.asarray(masks_of(panel).data[0][SIZE[0] // 2 :]).any()
    assert not panel.form.run.isEnabled()
    panel.click(panel.form.cancel)
    panel.wait_until_idle()
    assert panel.message.startswith("Cancelled. 2 of 4 tiles are done and kept")
    assert not panel.output.exists()
    panel.method.hold.set()
    layer = masks_of(panel)
    run(panel)
    assert panel.layers == ["slide", "slide masks in tiles"]
    assert masks_of(panel) is layer
    assert (np.asarray(masks_of(panel).data[0]) == 1).all()
    assert panel.output.exists()


def test_what_is_there_is_shown_where_it_is_the_same(panel):
    run(panel)
    panel.viewer.layers.remove("slide masks in tiles")
    run(panel)
    assert [level.shape for level in masks_of(panel).data] == [SIZE, (300, 450)]
    assert (np.asarray(masks_of(panel).data[0]) == 1).all()
    assert panel.message.startswith("Found 'nuclei'")


def test_what_is_there_is_replaced_only_when_a_person_says_so(panel, monkeypatch):
    run(panel)
    panel.form.look.value = "as it is"
    said, answer = [], QMessageBox.StandardButton.No

    def question(parent, title, text):
        said.append(text)
        return answer

    monkeypatch.setattr(QMessageBox, "question", question)
    run(panel)
    assert "made in another way" in said[0]
    assert panel.message == "Nothing was written."
    assert all((np.asarray(level) == 1).all() for level in masks_of(panel).data)
    assert len(panel.method.tiles.calls) == 2
    answer = QMessageBox.StandardButton.Yes
    panel.click(panel.form.run_in_tiles)
    panel.qtbot.waitUntil(lambda: len(panel.method.tiles.calls) == 4)
    panel.wait_until_idle()
    assert panel.method.tiles.calls[3].overwrite
    assert (panel.output / "as it is").exists()
    assert panel.layers == ["slide", "slide masks in tiles"]


def test_what_goes_wrong_is_said(panel):
    panel.method.error = InputError("Something is wrong with it.")
    run(panel)
    assert panel.message == "Something is wrong with it."
    assert panel.layers == ["slide"]


def test_while_the_end_is_written_nothing_is_cancelled(panel):
    panel.method.hold.clear()
    panel.method.tiles.hold_at = 4
    panel.click(panel.form.run_in_tiles)
    panel.qtbot.waitUntil(panel.method.holding.is_set)
    panel.qtbot.waitUntil(lambda: panel.widget.tiling._done == 4)
    panel.click(panel.form.cancel)
    assert panel.message.startswith("All tiles are done")
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.message.startswith("Found 'nuclei'")
    assert (np.asarray(masks_of(panel).data[0]) == 1).all()


def test_no_folder_no_run_and_none_inside_a_zarr(panel):
    panel.folder = None
    run(panel)
    panel.folder = panel.output / "labels"
    run(panel)
    assert "is a part of a Zarr" in panel.message.replace("\u200b", "")
    assert not panel.method.tiles.calls


def test_while_the_folder_is_asked_for_the_picture_may_go(panel, monkeypatch):
    def choose(*_):
        panel.viewer.layers.remove("slide")
        return str(panel.folder)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    run(panel)
    assert panel.message.startswith("Something else was started or removed meanwhile")
    assert not panel.method.tiles.calls


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.ome.zarr", "a"),
        ("exp.01.tif", "exp.01"),
        ("b.OME.TIFF", "b"),
        ("slide", "slide"),
        ("v1.2", "v1.2"),
    ],
)
def test_masks_are_called_after_their_picture(name, plain):
    assert plain_name(name) == plain


def test_without_names_nobody_is_asked_for_a_file(panel):
    panel.form.names.setPlainText("")
    run(panel)
    assert not panel.asked
    assert panel.message


def test_it_is_offered_for_large_flat_pictures_only(panel, monkeypatch):
    monkeypatch.setattr(growing_masks, "TILED_FROM", 100 * 100)
    for data, offered in (
        (np.zeros((99, 100), np.uint8), False),
        (np.zeros((101, 100), np.uint8), True),
        (np.zeros((3, 200, 200), np.uint8), False),
    ):
        layer = panel.viewer.add_image(data)
        panel.widget.pictures.choose(layer)
        assert panel.form.run_in_tiles.isVisibleTo(panel.form) is offered


def test_a_picture_that_is_removed_ends_its_run(panel):
    panel.method.hold.clear()
    panel.method.tiles.hold_at = 0
    panel.click(panel.form.run_in_tiles)
    panel.qtbot.waitUntil(panel.method.holding.is_set)
    panel.viewer.layers.remove("slide")
    panel.wait_until_idle()
    assert panel.message.startswith("'slide' was removed, so its run was stopped. 0 of 4 tiles are done")
