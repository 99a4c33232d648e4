"""Run in tiles: a large picture is segmented onto the disk, and the masks are seen as they are written."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.layers import masks_in_tiles
from napari_ovseg.errors import InputError

SIZE = (600, 900)


@pytest.fixture
def panel(make_panel, monkeypatch, tmp_path):
    # as large as slides are, for the window; an eighth of that is quicker
    monkeypatch.setattr(masks_in_tiles, "LONGEST_SIDE", 512)
    monkeypatch.setattr(masks_in_tiles, "IN_MEMORY", (256, 64))
    panel = make_panel()
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    panel.viewer.add_image([picture, picture[::2, ::2]], name="slide", multiscale=True, scale=(0.5, 0.5))
    panel.type_names("nuclei, debris")
    panel.output = tmp_path / "slide-masks.ome.zarr"
    panel.proposed = []

    def choose(parent, title, proposed, *rest, **how):
        panel.proposed.append(proposed)
        return (str(panel.output) if panel.output else "", "")

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
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
    assert call.source.size == SIZE
    assert call.settings.sought[0].name == "nuclei"
    assert panel.proposed[0].endswith("slide-masks.ome.zarr")


def test_what_is_in_view_comes_first_in_sizes_of_full_detail(panel):
    panel.form.size_row.take("12")
    panel.viewer.camera.zoom = 8
    panel.viewer.camera.center = (225, 60)
    run(panel)
    [call] = panel.method.tiles.calls
    top, left, bottom, right = call.first
    assert (top + bottom) / 2 == pytest.approx(0.75, abs=0.01)
    assert (left + right) / 2 == pytest.approx(60 / 450, abs=0.01)
    assert bottom - top < 0.5
    assert call.settings.size == "12 px"


def test_stopped_it_goes_on_with_the_tiles_that_are_done(panel):
    panel.method.hold.clear()
    panel.method.tiles.hold_at = 2
    panel.click(panel.form.run_in_tiles)
    panel.qtbot.waitUntil(panel.method.holding.is_set)
    panel.qtbot.waitUntil(lambda: "slide masks in tiles" in panel.viewer.layers)
    panel.qtbot.waitUntil(lambda: (np.asarray(masks_of(panel).data[2]) == 1).sum() == 20 * 60)
    assert (masks_of(panel).data[0][: SIZE[0] // 2] == 1).all()
    assert not masks_of(panel).data[0][SIZE[0] // 2 :].any()
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


def test_a_file_that_is_there_is_replaced_only_when_a_person_says_so(panel, monkeypatch):
    panel.output.mkdir()
    said = []

    def answer(*_):
        said.append(1)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", answer)
    run(panel)
    assert said
    assert not panel.method.tiles.calls
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    panel.method.error = InputError("Something is wrong with it.")
    run(panel)
    assert panel.method.tiles.calls[0].overwrite
    assert panel.message == "Something is wrong with it."
    assert "slide masks in tiles" not in panel.viewer.layers


def test_no_file_no_run_and_an_ending_is_given_to_a_plain_name(panel):
    path, panel.output = panel.output, None
    run(panel)
    assert not panel.method.tiles.calls
    panel.output = path.with_name("mine")
    run(panel)
    assert panel.method.tiles.calls[0].output == path.with_name("mine.ome.zarr")


def test_without_names_nobody_is_asked_for_a_file(panel):
    panel.form.names.setPlainText("")
    run(panel)
    assert not panel.proposed
    assert panel.message


def test_it_is_offered_for_large_flat_pictures_only(panel, monkeypatch):
    monkeypatch.setattr(masks_in_tiles, "LARGE", 100 * 100)
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
    assert panel.message.startswith("'slide' was removed, so its run was stopped. No tile was done.")
