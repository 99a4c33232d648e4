"""Which files a layer was read from, as napari opens them, and where the work on a stack of them is saved."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_ovseg._napari.layers.picture_file import file_of, files_of
from napari_ovseg._napari.saving import autosave
from napari_ovseg.annotation.sidecar import load

from ..brush import drag


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{name}.tif" for name in "cab"]
    for seed, path in enumerate(paths):
        tifffile.imwrite(path, np.random.default_rng(seed).integers(0, 256, (40, 48), np.uint8))
    return paths


def test_a_stack_names_all_its_files_in_order_and_one_picture_or_folder_none(make_viewer, files):
    viewer = make_viewer()
    (stack,) = viewer.open(files, stack=True, plugin="napari")
    assert files_of(stack) == tuple(files)
    (single,) = viewer.open(files[0], plugin="napari")
    assert (file_of(single), files_of(single)) == (str(files[0]), ())
    (folder,) = viewer.open(files[0].parent, plugin="napari")
    assert (file_of(folder), files_of(folder)) == (str(files[0].parent), ())
    lazy = viewer.add_image(stack.data[1:])
    assert files_of(lazy) == ()


def test_work_on_a_stack_is_not_offered_to_its_first_picture_nor_the_reverse(
    make_panel, files, qtbot, monkeypatch
):
    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    panel = make_panel()
    offer = panel.form.resume

    def open_and_paint(what, **how):
        (image,) = panel.viewer.open(what, plugin="napari", **how)
        qtbot.waitUntil(lambda: panel.widget.session.places.of(image) is not None, timeout=20_000)
        assert offer.isHidden()
        panel.run("bright, dark")
        at = panel.widget.annotator.position
        drag(panel.current.masks.layer, (*at, 5, 5), label=2)
        panel.widget.session.flush()
        return panel.widget.session.places.of(image).place

    stack, single = open_and_paint(files, stack=True), open_and_paint(files[0])
    assert single.name == "c.tif.ovseg"
    assert stack.name.startswith("c.tif-stack of 3-")
    assert [len(at) for at in load(stack).slices] == [1]
    assert list(load(single).slices) == [()]
    again = make_panel()
    for what, shape in ((files[:1], (40, 48)), (files, (3, 40, 48))):
        again.viewer.open(what, plugin="napari", stack=len(what) > 1)
        qtbot.waitUntil(lambda: not again.form.resume.isHidden(), timeout=20_000)
        again.click(again.form.resume.resume)
        qtbot.waitUntil(lambda: again.current is not None, timeout=20_000)
        assert again.current.masks.layer.data.shape == shape
        assert again.current.has_corrections(next(iter(again.current.pieces)))


def test_a_picture_that_was_closed_is_offered_its_work_when_it_is_opened_again(make_panel, files, qtbot):
    panel = make_panel()
    (image,) = panel.viewer.open(files[0], plugin="napari")
    qtbot.waitUntil(lambda: panel.widget.session.places.of(image) is not None, timeout=20_000)
    panel.run("bright, dark")
    drag(panel.current.masks.layer, (5, 5), label=2)
    panel.viewer.layers.remove(image)
    panel.viewer.open(files[0], plugin="napari")
    qtbot.waitUntil(lambda: not panel.form.resume.isHidden(), timeout=20_000)
