import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg._napari import launch
from napari_ovseg.errors import InputError
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel

from .waits import laid_out


@pytest.fixture
def window(monkeypatch, make_napari_viewer):
    """`build_window` in a viewer that the fixture cleans up."""
    import napari

    monkeypatch.setattr(napari, "Viewer", lambda title, show: make_napari_viewer(show=False))
    return lambda *args, **kwargs: launch.build_window(*args, **kwargs, show=False)


def test_pictures_and_names_are_filled_in(window, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name in ("one.png", "two.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    viewer, widget = window([tmp_path / "one.png", tmp_path / "two.png"], "cat, dog")
    assert [layer.name for layer in viewer.layers] == ["one", "two"]
    assert np.array_equal(viewer.layers["one"].data, pixels)
    assert viewer.layers["one"].rgb
    assert widget.form.names.toPlainText() == "cat, dog"
    assert not widget.busy


def test_labels_open_with_their_names_beside_their_picture(window, tmp_path):
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / "one.png")
    labels = np.eye(40, 50, dtype=np.uint8)
    one = LabelledPicture("one", labels, (NamedLabel(1, "cat", (1, 2, 3)),), tmp_path / "one.png")
    export([one], tmp_path / "out", "geojson")
    viewer, _ = window([tmp_path / "one.png", tmp_path / "out"])
    assert [type(layer).__name__ for layer in viewer.layers] == ["Image", "Labels"]
    np.testing.assert_array_equal(viewer.layers[1].data, labels)
    assert viewer.layers[1].features["name"].tolist() == ["background", "cat", "unsure"]


def test_a_picture_has_its_size_and_its_labels_lie_on_it(window, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "one.ome.tif", pixels, photometric="rgb", ome=True, metadata=size)
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    labels = np.eye(40, 50, dtype=np.uint8)
    one = LabelledPicture("one", labels, (NamedLabel(1, "cat", (1, 2, 3)),), tmp_path / "one.ome.tif")
    export([one], tmp_path / "out", "coco")
    viewer, _ = window([tmp_path / "one.ome.tif", tmp_path / "out"])
    for layer in viewer.layers:
        assert layer.scale.tolist() == [0.25, 0.5]
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 2
    # a picture without a size lies in another world
    viewer, _ = window([tmp_path / "one.ome.tif", tmp_path / "plain.png"])
    assert all(layer.scale.tolist() == [1, 1] for layer in viewer.layers)


def test_a_stack_has_the_size_of_its_pixels(window, tmp_path):
    stack = np.random.default_rng(0).integers(0, 255, (3, 40, 50), np.uint16)
    how = {"resolution": (2, 4), "metadata": {"unit": "um", "axes": "ZYX"}}
    tifffile.imwrite(tmp_path / "stack.tif", stack, imagej=True, **how)
    viewer, _ = window([tmp_path / "stack.tif"])
    assert viewer.layers[0].scale.tolist() == [1, 0.25, 0.5]


def test_a_picture_that_can_not_be_read_opens_no_window(tmp_path):
    with pytest.raises(InputError, match="no file"):
        launch.build_window([tmp_path / "missing.png"])


def test_the_launcher_itself_brings_no_qt_so_that_torch_can_come_first():
    code = (
        "import sys\n"
        "from napari_ovseg._napari import launch\n"
        "assert not any(name.startswith(('PyQt', 'PySide', 'qtpy')) for name in sys.modules), 'Qt'\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_whole_picture_is_in_view_beside_the_panel(monkeypatch, make_napari_viewer, tmp_path, qtbot):
    import napari

    monkeypatch.setattr(napari, "Viewer", lambda title, show: make_napari_viewer(show=show))
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / "one.png")
    viewer, _ = launch.build_window([tmp_path / "one.png"])
    canvas = viewer.window._qt_viewer.canvas.native
    laid_out(qtbot, canvas)
    assert viewer.camera.zoom * 50 <= canvas.width()
    assert viewer.camera.zoom * 40 <= canvas.height()


def test_of_labels_of_several_pictures_one_is_seen_and_each_says_which_it_is(window, tmp_path):
    category = (NamedLabel(1, "cell", (1, 2, 3)),)
    for folder in ("monday", "tuesday"):
        labels = [LabelledPicture(name, np.eye(9, 12, dtype=np.uint8), category) for name in ("a", "b")]
        export(labels, tmp_path / folder, "npz")
    files = [tmp_path / folder / f"{name}.ovseg.npz" for folder in ("monday", "tuesday") for name in "ab"]
    viewer, _ = window(files)
    assert [layer.name for layer in viewer.layers] == [
        "a (monday)",
        "b (monday)",
        "a (tuesday)",
        "b (tuesday)",
    ]
    assert [layer.visible for layer in viewer.layers] == [True, False, False, False]
