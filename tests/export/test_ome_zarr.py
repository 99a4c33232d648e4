from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many, void_of
from napari_ovseg.errors import InputError, OutputError
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CAT = (NamedLabel(3, "cat", (200, 100, 50), ("tom",)),)


@pytest.fixture(scope="module")
def reader():
    pytest.importorskip("ome_zarr", minversion="0.17")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    return lambda path: list(Reader(parse_url(str(path)))())


def labels_of(nodes: list) -> tuple[np.ndarray, dict]:
    (node,) = [node for node in nodes if node.zarr.basename() == "masks"]
    return np.asarray(node.data[0]), node.metadata


@settings(max_examples=8)
@given(one=labelled())
def test_ome_zarr_reads_pixels_names_and_colours(tmp_path_factory, reader, one):
    folder = tmp_path_factory.mktemp("zarr")
    export([one], folder, "ome-zarr")
    pixels, metadata = labels_of(reader(folder / "a.ome.zarr" / "labels" / "masks"))
    np.testing.assert_array_equal(pixels, one.labels)
    assert pixels.dtype == one.labels.dtype
    colours = {
        number: np.round(np.multiply(rgba, 255)).tolist() for number, rgba in metadata["color"].items()
    }
    for category in one.categories:
        # napari takes such properties for columns of a table, of one value each
        assert metadata["properties"][category.id] == {"name": category.name}
        assert colours[category.id][:3] == list(category.colour)
    assert metadata["properties"][void_of(one)]["name"] == "unsure"


def test_three_hundred_categories(tmp_path, reader):
    export([many()], tmp_path, "ome-zarr")
    np.testing.assert_array_equal(
        labels_of(reader(tmp_path / "many.ome.zarr" / "labels" / "masks"))[0], many().labels
    )


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_labels_lie_on_their_picture_in_its_units(tmp_path, reader, mode):
    photo = np.asarray(Image.effect_noise((60, 40), 50).convert(mode))
    Image.fromarray(photo).save(tmp_path / "p.png")
    one = LabelledPicture("a", np.eye(40, 60, dtype=np.uint8) * 3, CAT, tmp_path / "p.png", (0.5, 0.25), "um")
    assert export([one], tmp_path / "o", "ome-zarr").notes == ()
    nodes = reader(tmp_path / "o" / "a.ome.zarr")
    np.testing.assert_array_equal(
        np.asarray(nodes[0].data[0]), photo if mode == "L" else np.moveaxis(photo, -1, 0)
    )
    np.testing.assert_array_equal(labels_of(nodes)[0], one.labels)
    for node in nodes[0], nodes[-1]:
        assert [axis["unit"] for axis in node.metadata["axes"][-2:]] == ["micrometer"] * 2
        assert node.metadata["coordinateTransformations"][0][0]["scale"][-2:] == [0.5, 0.25]


def test_large_labels_have_coarser_levels_without_mixed_labels(tmp_path, reader):
    labels = np.kron(np.random.default_rng(0).choice([0, 3], (64, 128)), np.ones((9, 9))).astype(np.uint8)
    export([LabelledPicture("a", labels, CAT)], tmp_path, "ome-zarr")
    (node,) = [
        node
        for node in reader(tmp_path / "a.ome.zarr" / "labels" / "masks")
        if node.zarr.basename() == "masks"
    ]
    assert [level.shape for level in node.data] == [(576, 1152), (288, 576)]
    assert set(np.unique(np.asarray(node.data[1]))) == {0, 3}


def test_a_failed_write_leaves_the_earlier_one(tmp_path, reader, monkeypatch):
    one = LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 3, CAT)
    export([one], tmp_path, "ome-zarr")
    monkeypatch.setattr(
        "zarr.Group.create_array", lambda *a, **k: (_ for _ in ()).throw(OSError(errno.ENOSPC, ""))
    )
    with pytest.raises(OutputError, match="no room"):
        export([one], tmp_path, "ome-zarr", overwrite=True)
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ome.zarr", "categories.json"]
    np.testing.assert_array_equal(
        labels_of(reader(tmp_path / "a.ome.zarr" / "labels" / "masks"))[0], one.labels
    )
    export([LabelledPicture("a", one.labels[:2], CAT)], tmp_path, "ome-zarr", overwrite=True)
    assert labels_of(reader(tmp_path / "a.ome.zarr" / "labels" / "masks"))[0].shape == (2, 6)
    assert len(list(Path(tmp_path).iterdir())) == 2


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_ovseg.export.formats.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"napari-ovseg\[ome-zarr\]"):
        export([LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 3, CAT)], tmp_path / "o", "ome-zarr")
    assert not (tmp_path / "o").exists()


def test_every_group_and_level_says_what_ngff_asks_of_it(tmp_path):
    """As `ome_zarr_models` checks it, and by hand: versions, and where the pixels of a level lie."""
    models = pytest.importorskip("ome_zarr_models")
    zarr = pytest.importorskip("zarr")
    labels = np.kron(np.random.default_rng(0).choice([0, 3], (64, 65)), np.ones((9, 9))).astype(np.uint8)
    Image.effect_noise((585, 576), 50).convert("RGB").save(tmp_path / "p.png")
    pictures = [
        LabelledPicture("known", labels, CAT, tmp_path / "p.png", (0.5, 0.25), "um"),
        LabelledPicture("alone", labels, CAT, None, (0.5, 0.25), "um"),
    ]
    export(pictures, tmp_path / "o", "ome-zarr", things=True)
    for name in ("known", "alone"):
        root = zarr.open_group(tmp_path / "o" / f"{name}.ome.zarr", mode="r")
        assert type(models.open_ome_zarr(root)).__name__ == "Image"
        assert type(models.open_ome_zarr(root["labels"])).__name__ == "Labels"
        for group in (root, root["labels"], root["labels/masks"], root["labels/things"]):
            assert group.attrs["ome"]["version"] == "0.5"
        for group in (root, root["labels/masks"], root["labels/things"]):
            assert len(group.attrs["ome"]["multiscales"][0]["datasets"]) == 2
            for dataset in group.attrs["ome"]["multiscales"][0]["datasets"]:
                level = group[dataset["path"]]
                steps = dataset["coordinateTransformations"]
                size = steps[0]["scale"][-2:]
                shift = [t["translation"] for t in steps[1:]] or [[0, 0]]
                factor = size[0] / 0.5
                assert size == [0.5 * factor, 0.25 * factor]
                assert level.shape[-2:] == (-(-576 // factor), -(-585 // factor))
                assert shift[0][-2:] == [0.5 * (factor - 1) / 2, 0.25 * (factor - 1) / 2]


def test_a_blob_lies_at_the_same_place_on_every_level_of_picture_and_labels(tmp_path):
    """By the centre of mass of what is written, through the transformations that are written."""
    zarr = pytest.importorskip("zarr")
    labels = np.zeros((1100, 1300), np.uint8)
    labels[400:464, 700:764] = 3
    Image.fromarray(np.uint8(labels > 0) * 200).save(tmp_path / "p.png")
    export([LabelledPicture("a", labels, CAT, tmp_path / "p.png", (2, 3), "um")], tmp_path / "o", "ome-zarr")
    root = zarr.open_group(tmp_path / "o" / "a.ome.zarr", mode="r")
    for group in (root, root["labels/masks"]):
        for dataset in group.attrs["ome"]["multiscales"][0]["datasets"]:
            place = np.argwhere(group[dataset["path"]][:]).mean(0)
            for step in dataset["coordinateTransformations"]:
                place = place * step["scale"] if step["type"] == "scale" else place + step["translation"]
            np.testing.assert_allclose(place, [431.5 * 2, 731.5 * 3])


def test_labels_alone_open_from_the_root(tmp_path, reader):
    one = LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 3, CAT)
    export([one], tmp_path, "ome-zarr", things=True)
    nodes = reader(tmp_path / "a.ome.zarr")
    np.testing.assert_array_equal(np.asarray(nodes[0].data[0]), one.labels)
    np.testing.assert_array_equal(labels_of(nodes)[0], one.labels)
    (things,) = [node for node in nodes if node.zarr.basename() == "things"]
    assert things.metadata["properties"][1]["category"] == "cat"
    assert things.metadata["properties"][1]["area_px"] == 4
