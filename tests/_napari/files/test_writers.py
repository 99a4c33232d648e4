"""Saving labels layers through napari's own save, and opening them again through its own open."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from npe2 import PluginManager
from PIL import Image
from pycocotools.coco import COCO

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, write_labels
from napari_ovseg._napari.layers.source import source_of
from napari_ovseg.errors import OutputError
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CAT, DOG = NamedLabel(2, "cat", (10, 200, 30)), NamedLabel(9, "Köter", (250, 0, 90))
LEGEND = Legend((CAT, DOG), 255)


@pytest.fixture(autouse=True)
def plugins():
    """Find the manifests of napari and of this package, as napari does when it starts."""
    PluginManager.instance().discover()


@pytest.fixture
def viewer():
    return ViewerModel()


def masks(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([0, 2, 9, 255], np.uint8), (12, 16))


def add(viewer: ViewerModel, data: np.ndarray, **state) -> Labels:
    state = {"name": "cells masks", "features": LEGEND.features, "colormap": LEGEND.colormap()} | state
    return viewer.add_labels(data, **state)


def same(layer: Labels, data: np.ndarray) -> None:
    """Pixels, names and colours are those of the legend, and the brush works."""
    np.testing.assert_array_equal(layer.data, data)
    assert layer.features["index"].tolist() == layer.features["label"].tolist() == [0, 2, 9, 255]
    assert layer.features["name"].tolist() == ["background", "cat", "Köter", "unsure"]
    assert layer.metadata[METADATA_KEY]["names"] == {2: "cat", 9: "Köter"}
    for one in (CAT, DOG):
        np.testing.assert_allclose(
            layer.colormap.color_dict[one.id][:3], np.array(one.colour) / 255, atol=1e-6
        )
    layer.paint((5, 5), 9)
    assert layer.data[5, 5] == 9
    layer.undo()
    np.testing.assert_array_equal(layer.data, data)


@pytest.mark.parametrize(
    ("ending", "opened"), [(".png", ".categories.json"), (".ovseg.npz", ".ovseg.npz"), (".json", ".json")]
)
def test_what_is_saved_opens_again_with_names_and_colours(tmp_path, viewer, ending, opened):
    data = masks()
    add(viewer, data)
    saved = viewer.layers.save(str(tmp_path / f"cells{ending}"))
    assert {Path(path) for path in saved} == {path for path in tmp_path.iterdir() if path.is_file()}
    plugin = "napari-ovseg" if opened.endswith("npz") else None
    (layer,) = ViewerModel().open(str(tmp_path / f"cells{opened}"), plugin=plugin)
    same(layer, np.where(data == 255, 0, data) if ending == ".json" else data)
    assert layer.name == "cells masks"


def test_png_holds_the_colours_on_the_screen(tmp_path, viewer):
    add(viewer, masks())
    viewer.layers.save(str(tmp_path / "cells.png"))
    with Image.open(tmp_path / "cells.png") as file:
        palette = np.array(file.getpalette()).reshape(-1, 3)
    assert palette[[2, 9]].tolist() == [[10, 200, 30], [250, 0, 90]]


@pytest.mark.parametrize("ending", [".geojson", ".labelme.json", ".ovseg.ome.tif", ".ovseg.ome.zarr"])
def test_other_formats_are_one_file_of_the_chosen_name(tmp_path, viewer, ending):
    if ending.endswith("zarr"):
        pytest.importorskip("ome_zarr", minversion="0.17")
    add(viewer, masks())
    viewer.layers.save(str(tmp_path / f"cells{ending}"))
    stem = Path(f"cells{ending}").stem
    names = "categories.ovseg" if "json" in ending else "categories.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"cells{ending}", f"{stem}.{names}"])


def test_yolo_is_a_folder_and_nothing_in_it_is_replaced(tmp_path, viewer):
    add(viewer, masks())
    viewer.layers.save(str(tmp_path / "cells.yaml"))
    assert (tmp_path / "cells" / "data.yaml").exists()
    with pytest.raises(OSError, match="there already"):
        viewer.layers.save(str(tmp_path / "cells.yaml"))


def test_several_layers_and_their_picture(tmp_path, viewer):
    viewer.add_image(np.zeros((12, 16)))
    add(viewer, masks(0), name="a")
    add(viewer, masks(1), name="b")
    viewer.layers.save(str(tmp_path / "all.json"))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "all.json"))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == ["a.png", "b.png"]
    viewer.layers.save(str(tmp_path / "all.png"))
    read = ViewerModel().open(str(tmp_path / "all" / "categories.json"), plugin=None)
    for seed, layer in enumerate(read):
        same(layer, masks(seed))


def test_a_stack_gives_its_slices_with_labels_and_counts_the_others(tmp_path, viewer):
    stack = np.zeros((4, 12, 16), np.uint8)
    stack[1], stack[3] = masks(1), masks(3)
    add(viewer, stack, name="s")
    viewer.layers.save(str(tmp_path / "s.png"))
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        "categories.json",
        "s_0001_masks.png",
        "s_0003_masks.png",
    ]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "s" / "s_0003_masks.png")), masks(3))


@pytest.mark.parametrize("shape", [(1, 12, 16), (12, 1, 16), (1, 1, 12, 16)])
def test_axes_of_length_one_are_no_stack(tmp_path, viewer, shape):
    add(viewer, masks().reshape(shape))
    viewer.layers.save(str(tmp_path / "s.png"))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "s.png")), masks())


def test_a_result_in_a_stack_gives_the_slices_that_were_run_empty_ones_too(tmp_path, viewer):
    image = viewer.add_image(np.zeros((5, 12, 16)), name="cells")
    for position, data in ((1, masks(1)), (4, np.zeros((12, 16), np.uint8))):
        viewer.dims.set_point(0, position)
        layer = write_labels(
            viewer, image, "masks", data, source_of(image, viewer.dims).placement, LEGEND
        ).layer
    viewer.layers.selection.active = layer
    viewer.layers.save(str(tmp_path / "s.png"), selected=True)
    names = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert names == ["categories.json", "cells masks_0001_masks.png", "cells masks_0004_masks.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "s" / names[1])), masks(1))


def test_pixel_size_and_done_come_along(tmp_path, viewer):
    add(viewer, masks(), scale=(0.5, 0.25), units=("um", "um"), metadata={METADATA_KEY: {"done": True}})
    viewer.layers.save(str(tmp_path / "s.png"))
    (image,) = json.loads((tmp_path / "s.categories.json").read_text())["images"]
    assert (image["pixel_size"], image["unit"], image["done"]) == ([0.5, 0.25], "micrometer", True)
    (layer,) = ViewerModel().open(str(tmp_path / "s.categories.json"), plugin=None)
    np.testing.assert_allclose(layer.scale, (0.5, 0.25))
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


@pytest.mark.parametrize("direct", [True, False])
def test_any_labels_layer_can_be_saved_with_its_colours(tmp_path, viewer, direct):
    data = np.arange(6, dtype=np.int64).reshape(2, 3)
    colours = {None: "black", **{n: (n / 10, 0, 1) for n in range(6)}}
    layer = viewer.add_labels(data, colormap=DirectLabelColormap(color_dict=colours) if direct else None)
    viewer.layers.save(str(tmp_path / "s.png"))
    content = json.loads((tmp_path / "s.categories.json").read_text())["categories"][1:]
    assert [one["name"] for one in content] == [f"label {n}" for n in range(1, 6)]
    for one in content:
        shown = np.rint(layer.get_color(one["id"])[:3] * 255).astype(int)
        assert list(bytes.fromhex(one["colour"][1:])) == shown.tolist()


@pytest.mark.parametrize("data", [np.array([[-1, 0]]), np.array([[70000, 0]])])
def test_labels_that_no_file_holds_are_refused(tmp_path, viewer, data):
    viewer.add_labels(data)
    with pytest.raises(OutputError, match="renumber"):
        viewer.layers.save(str(tmp_path / "s.png"))
    assert not list(tmp_path.iterdir())


def test_the_file_the_user_was_asked_about_is_replaced_but_no_other(tmp_path, viewer):
    add(viewer, masks(0))
    viewer.layers.save(str(tmp_path / "s.png"))
    viewer.layers[0].data[...] = masks(1)
    viewer.layers.save(str(tmp_path / "s.png"))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "s.png")), masks(1))
    (writer,) = [
        one
        for one in PluginManager.instance().iter_compatible_writers(["labels"])
        if one.command == "napari-ovseg.save_png"
    ]
    with pytest.raises(OSError, match="there already"):
        viewer.layers.save(str(tmp_path / "s"), _writer=writer)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("there", [b"[]", b"{", b'{"settings": {"file": "s.json"}, "images": []}'])
def test_a_map_of_names_that_belongs_to_another_file_is_not_replaced(tmp_path, viewer, there):
    add(viewer, masks(0))
    (tmp_path / "s.categories.json").write_bytes(there)
    before = content(tmp_path)
    with pytest.raises(OutputError, match=r"s.categories.json is there already.*choose another name"):
        viewer.layers.save(str(tmp_path / "s.png"))
    assert content(tmp_path) == before


def test_two_formats_of_one_name_do_not_take_each_others_names_away(tmp_path, viewer):
    add(viewer, masks(0))
    viewer.layers.save(str(tmp_path / "s.geojson"))
    before = content(tmp_path)
    with pytest.raises(OutputError, match=r"does not belong to s.json"):
        viewer.layers.save(str(tmp_path / "s.json"))
    assert content(tmp_path) == before
    # who deletes the outlines has not asked for another map either
    (tmp_path / "s.geojson").unlink()
    viewer.layers.save(str(tmp_path / "s.geojson"))
    assert content(tmp_path) == before


def test_a_folder_that_nobody_asked_about_is_not_replaced(tmp_path, viewer):
    pytest.importorskip("ome_zarr", minversion="0.17")
    add(viewer, masks(0))
    folder = tmp_path / "s.ovseg.ome.zarr"
    folder.mkdir()
    (folder / "theirs").touch()
    with pytest.raises(OutputError, match="choose another name"):
        viewer.layers.save(str(folder))
    assert [path.name for path in folder.iterdir()] == ["theirs"]
    (folder / "theirs").unlink()
    folder.rmdir()
    for _time in range(2):
        viewer.layers.save(str(folder))
    assert (folder / "labels").is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "s.ovseg.ome.categories.json"}


def test_napari_keeps_its_own_files(tmp_path, viewer):
    add(viewer, masks())
    pm = PluginManager.instance()
    for path in ("a.tif", "a.tiff", "a.npz", "a"):
        assert pm.get_writer(path, ["labels"])[0].command == "napari.write_labels"
    assert pm.get_writer("folder", ["image", "labels"])[0].command == "napari.write_directory"
    Image.new("L", (4, 4)).save(tmp_path / "a_masks.png")
    export([LabelledPicture("b", masks(), LEGEND.labels)], tmp_path, "png")
    for path in (
        tmp_path,
        tmp_path / "a.png",
        tmp_path / "b_MASK.tif",
        tmp_path / "c.npz",
        tmp_path / "d.tif",
    ):
        assert "napari-ovseg" not in {reader.plugin_name for reader in pm.iter_compatible_readers([path])}


def test_json_of_others_is_left_alone(tmp_path):
    from napari_ovseg._napari.files.readers import get_reader

    (tmp_path / "a.json").write_text('{"shapes": []}')
    assert get_reader(str(tmp_path / "a.json")) is None
    export([LabelledPicture("b", masks(), LEGEND.labels)], tmp_path, "coco")
    assert get_reader([str(tmp_path / "instances.json")] * 2) is None
    assert get_reader(str(tmp_path / "instances.json")) is not None


def test_too_many_pictures_at_once_are_refused(tmp_path):
    pictures = [LabelledPicture(f"{n}", np.ones((2, 2), np.uint8) * 2, LEGEND.labels) for n in range(101)]
    export(pictures, tmp_path, "coco")
    with pytest.raises(Exception, match="failed") as caught:
        ViewerModel().open(str(tmp_path / "instances.json"), plugin=None)
    assert "101 pictures" in str(caught.value.__cause__)
