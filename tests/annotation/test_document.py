"""What can not be loaded: damage, other versions, values that nothing may have, and a pickle."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, load, save
from napari_ovseg.errors import ConflictError, InputError
from napari_ovseg.segmentation import State

from .annotations import content, small


@given(cut=st.floats(0, 0.999), which=st.sampled_from(["json", "npz"]), flip=st.booleans())
@settings(max_examples=80)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path_factory, cut, which, flip):
    folder = tmp_path_factory.mktemp("damaged") / "a.ovseg"
    mine, annotation = Sidecar(folder), small(slices=2)
    annotation.slices[(1,)].confidence = np.random.default_rng(0).random((5, 7), np.float32)
    mine.save(annotation)
    path = folder / DOCUMENT if which == "json" else next(folder.glob("slice-1-*"))
    whole = bytearray(path.read_bytes())
    # All but the last line break can be missed.
    at = int(cut * (len(whole) - 1))
    if flip:
        whole[at] ^= 0x55
    else:
        del whole[at:]
    path.write_bytes(whole)
    try:
        found = load(folder)
    except InputError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert "a.ovseg" in said
    else:
        # A flipped bit in a name or in the padding of a zip file hurts no pixel.
        assert flip
        for position, slice_ in annotation.slices.items():
            np.testing.assert_array_equal(found.slices[position].masks, slice_.masks)
            np.testing.assert_array_equal(found.slices[position].human, slice_.human)


def test_the_rest_of_a_damaged_stack_can_be_loaded_and_is_not_saved_over(tmp_path):
    folder = tmp_path / "a.ovseg"
    save(small(slices=3), folder)
    damaged = next(folder.glob("slice-1-*"))
    damaged.write_bytes(b"PK")
    mine = Sidecar(folder)
    with pytest.raises(InputError, match=r"slice-1-.*load the rest"):
        mine.load()
    rest = mine.load(without_damaged=True)
    assert list(rest.slices) == [(0,), (2,)]
    mine.save(rest)
    assert mine.set_aside == folder / "earlier" / "1"
    assert (mine.set_aside / damaged.name).read_bytes() == b"PK"
    assert list(load(folder).slices) == [(0,), (2,)]


def edited(folder: Path, **changes) -> None:
    values = json.loads((folder / DOCUMENT).read_text())
    for key, value in changes.items():
        if key.startswith("slice_"):
            values["slices"][0][key.removeprefix("slice_")] = value
        else:
            values[key] = value
    (folder / DOCUMENT).write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "newer napari-ovseg"),
        ({"format": "another"}, "no annotation of napari-ovseg"),
        ({"labels": [{"id": 0, "name": "a", "colour": [0, 0, 0]}]}, "labels.0.id"),
        ({"labels": "cells"}, "labels"),
        ({"surprise": 1}, "surprise"),
        ({"slice_file": "../../secret.npz"}, "slices.0.file"),
        ({"slice_file": "/etc/passwd"}, "slices.0.file"),
        ({"slice_file": "slice-0-00000000.npz\n"}, "slices.0.file"),
        ({"slice_file": "slice-0-00000000.npz"}, "is missing"),
        ({"slice_shape": [7, 5]}, "masks is"),
        ({"slice_digest": "0"}, "pixels differ"),
    ],
)
def test_what_annotation_json_may_not_say(tmp_path, changes, said):
    folder = tmp_path / "a.ovseg"
    save(small(), folder)
    edited(folder, **changes)
    with pytest.raises(InputError, match=said):
        load(folder)


def test_what_cant_be_read_is_not_saved_over(tmp_path):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small())
    edited(mine.folder, version=2)
    before = content(mine.folder)
    with pytest.raises(ConflictError, match="newer napari-ovseg"):
        mine.save(small(1))
    assert content(mine.folder) == before


def test_a_pickle_is_not_run(tmp_path):
    folder, ran = tmp_path / "a.ovseg", tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return Path.touch, (ran,)

    save(small(), folder)
    path = next(folder.glob("slice-*"))
    bomb = np.array([Bomb()], object)
    np.savez(path, masks=bomb, human=bomb)
    with pytest.raises(InputError, match="damaged"):
        load(folder)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="damaged"):
        load(folder)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("masks.npy", pickle.dumps(Bomb()))
    with pytest.raises(InputError):
        load(folder)
    assert not ran.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"human": np.zeros((5, 7), np.uint16)},
        {"human": np.zeros((7, 5), np.uint8)},
        {"masks": np.zeros((5, 7), np.int32), "human": np.zeros((5, 7), np.int32)},
        {"pseudo_labels": np.zeros((1, 7), np.uint8)},
        {"confidence": np.zeros((5, 6), np.float32)},
        {"state": State((1,), np.zeros((1, 2, 2), np.float32), None)},
        {"state": State((1,), np.zeros((2, 2, 2), np.float32), np.zeros((2, 2), np.float32))},
        {"state": State((1,), np.zeros((2, 2, 2), np.float32), None, -1.0)},
        {"state": State((1,), np.zeros((2, 2, 2), np.float32), None, float("nan"))},
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, wrong):
    mine, annotation = Sidecar(tmp_path / "a.ovseg"), small()
    mine.save(annotation)
    before = content(mine.folder)
    annotation.slices[(0,)] = replace(annotation.slices[(0,)], **wrong)
    with pytest.raises(InputError, match="can't be saved"):
        mine.save(annotation)
    assert content(mine.folder) == before


def test_a_record_of_any_values_is_saved(tmp_path):
    annotation = small()
    annotation.settings = {"seed": np.int64(3), "file": Path("w.pt"), "nan": float("nan")}
    annotation.slices[(0,)].record = {"sizes": np.arange(2), "share": np.float32(0.5), "odd": "\udcff"}
    save(annotation, tmp_path / "a.ovseg")
    found = load(tmp_path / "a.ovseg")
    assert found.settings["seed"] == 3
    assert found.settings["file"] == "w.pt"
    assert np.isnan(found.settings["nan"])
    assert found.slices[(0,)].record == {"sizes": [0, 1], "share": 0.5, "odd": "%FF"}


def test_confidence_out_of_range_is_brought_into_it(tmp_path):
    annotation = small()
    sure = np.full((5, 7), 0.5, np.float32)
    sure[0, :5] = [np.nan, np.inf, -np.inf, 1.5, -0.5]
    annotation.slices[(0,)].confidence = sure
    save(annotation, tmp_path / "a.ovseg")
    found = load(tmp_path / "a.ovseg").slices[(0,)].confidence
    np.testing.assert_array_equal(found[0, :5], [0, 1, 0, 1, 0])
    assert np.abs(found[1:] - 0.5).max() < 0.002
