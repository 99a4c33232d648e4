from __future__ import annotations

import errno
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ovseg.annotation import Annotation, PictureIdentity, SliceAnnotation, sidecar
from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, is_sidecar, load, save
from napari_ovseg.categories import Category
from napari_ovseg.errors import ConflictError, IncompleteError, InputError, OutputError
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.segmentation import State

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"]), min_size=1, max_size=12)
UNIT = st.floats(0, 1, width=32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, JSON, max_size=4)


@st.composite
def states(draw):
    ids = tuple(draw(st.lists(st.integers(1, 65534), max_size=3, unique=True)))
    grid = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    scores = draw(hnp.arrays(np.float32, (len(ids) + 1, *grid), elements=UNIT))
    deep = hnp.arrays(np.float32, (2, 3, 2), elements=st.floats(-9, 9, width=32))
    return State(ids, scores, draw(st.none() | deep))


@st.composite
def slice_annotations(draw):
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    labels = hnp.arrays(draw(st.sampled_from([np.uint8, np.uint16])), shape)
    masks = draw(labels)
    return SliceAnnotation(
        masks=masks,
        human=draw(hnp.arrays(masks.dtype, shape)),
        pseudo_labels=draw(st.none() | labels),
        confidence=draw(st.none() | hnp.arrays(np.float32, shape, elements=UNIT)),
        presence=draw(st.dictionaries(NAMES, UNIT, max_size=2)),
        state=draw(st.none() | states()),
        record=draw(RECORDS),
        done=draw(st.booleans()),
    )


@st.composite
def annotations(draw):
    ids = draw(st.lists(st.integers(1, 65534), max_size=4, unique=True))
    colours = st.tuples(*[st.integers(0, 255)] * 3)
    words = st.lists(NAMES, max_size=2).map(tuple)
    size = draw(st.integers(0, 2))
    positions = st.tuples(*[st.integers(0, 2000)] * size)
    identity = PictureIdentity(Path("/data/cells.tif").absolute(), "file:00", (3, 4), "uint8", 12, 10**18)
    return Annotation(
        labels=tuple(NamedLabel(i, draw(NAMES), draw(colours), draw(words)) for i in ids),
        background=draw(st.none() | st.just(Category("background", ("grass", "sky"), background=True))),
        locked=frozenset(draw(st.sets(st.integers(0, 65534), max_size=3))),
        slices=draw(st.dictionaries(positions, slice_annotations(), max_size=3)),
        settings=draw(RECORDS),
        picture=draw(st.none() | st.just(identity)),
    )


def assert_same(found: Annotation, expected: Annotation) -> None:
    assert replace(found, slices={}) == replace(expected, slices={})
    assert list(found.slices) == sorted(expected.slices)
    for position, content in expected.slices.items():
        again = found.slices[position]
        for name in ("masks", "human", "pseudo_labels"):
            saved = getattr(content, name)
            if saved is None:
                assert getattr(again, name) is None
            else:
                np.testing.assert_array_equal(getattr(again, name), saved, strict=True)
        assert_near(again.confidence, content.confidence, 0.5 / 255 + 1e-6)
        assert (again.state is None) == (content.state is None)
        if content.state is not None:
            assert again.state.ids == content.state.ids
            assert_near(again.state.scores, content.state.scores, 3e-4)
            assert_near(again.state.features, content.state.features, 5e-3)
        assert (again.presence, again.record, again.done) == (content.presence, content.record, content.done)


def assert_near(found, expected, most):
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.abs(found - expected).max(initial=0) <= most


def small(number: int = 0, slices: int = 1) -> Annotation:
    masks = np.full((5, 7), number % 200, np.uint8)
    labels = (NamedLabel(1, f"state {number}", (1, 2, 3)),)
    return Annotation(labels, slices={(i,): SliceAnnotation(masks + i, masks.copy()) for i in range(slices)})


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@given(annotation=annotations(), after=annotations())
@settings(max_examples=60)
def test_what_is_saved_comes_back(tmp_path_factory, annotation, after):
    folder = tmp_path_factory.mktemp("saved") / "cells.tif.ovseg"
    mine = Sidecar(folder)
    mine.save(annotation)
    assert_same(load(folder), annotation)
    loaded = mine.load()
    before = content(folder)
    # What was rounded once is not rounded again: nothing but the time of saving changes.
    mine.save(loaded)
    assert {name for name in before if before[name] == content(folder).get(name)} == set(before) - {DOCUMENT}
    mine.save(after)
    assert_same(load(folder), after)
    assert len(content(folder)) == len(after.slices) + 1


def test_only_changed_slices_are_written(tmp_path):
    mine, annotation = Sidecar(tmp_path / "a.ovseg"), small(slices=3)
    mine.save(annotation)
    before = content(mine.folder)
    annotation.slices[(1,)].human[2, 2] = 9
    mine.save(annotation)
    same = {name for name in before if name in content(mine.folder)}
    assert {name.split("-")[1] for name in same - {DOCUMENT}} == {"0", "2"}
    annotation.slices[(0,)].human[2, 2] = 8
    annotation.slices[(2,)].done = True
    mine.save(annotation, changed={(0,)})
    found = load(mine.folder)
    assert found.slices[(0,)].human[2, 2] == 8
    assert found.slices[(1,)].human[2, 2] == 9
    assert found.slices[(2,)].done


def test_a_slice_not_named_as_changed_is_not_looked_at(tmp_path, monkeypatch):
    mine, annotation = Sidecar(tmp_path / "a.ovseg"), small(slices=3)
    mine.save(annotation)
    packed = []
    pack = sidecar.slice_file.pack
    monkeypatch.setattr(sidecar.slice_file, "pack", lambda given: (packed.append(given), pack(given))[1])
    mine.save(annotation, changed={(2,)})
    assert packed == [annotation.slices[(2,)]]


def test_a_removed_slice_and_a_lost_file(tmp_path):
    mine, annotation = Sidecar(tmp_path / "a.ovseg"), small(slices=3)
    mine.save(annotation)
    del annotation.slices[(0,)]
    mine.save(annotation, changed=set())
    assert_same(load(mine.folder), annotation)
    next(mine.folder.glob("slice-1-*")).unlink()
    # nobody says that slice 1 is not being painted on
    with pytest.raises(IncompleteError, match=r"Slice \(1,\)"):
        mine.save(annotation, changed={(2,)})
    mine.save(annotation)
    assert_same(load(mine.folder), annotation)


def test_nothing_saved_is_said_so(tmp_path):
    assert not is_sidecar(tmp_path)
    with pytest.raises(InputError, match="holds no annotation"):
        load(tmp_path)


def test_files_of_a_person_stay(tmp_path):
    folder = tmp_path / "a.ovseg"
    save(small(), folder)
    for name in ("notes.txt", "slice-old.npz", ".hidden.part"):
        (folder / name).write_text("mine")
    save(small(1), folder, overwrite=True)
    assert {"notes.txt", "slice-old.npz", ".hidden.part"} <= set(content(folder))


# -- damage ------------------------------------------------------------


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
    with pytest.raises(ConflictError):
        mine.save(rest)
    assert damaged.read_bytes() == b"PK"


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
    assert found.slices[(0,)].record == {"sizes": [0, 1], "share": 0.5, "odd": "\udcff"}


def test_confidence_out_of_range_is_brought_into_it(tmp_path):
    annotation = small()
    sure = np.full((5, 7), 0.5, np.float32)
    sure[0, :5] = [np.nan, np.inf, -np.inf, 1.5, -0.5]
    annotation.slices[(0,)].confidence = sure
    save(annotation, tmp_path / "a.ovseg")
    found = load(tmp_path / "a.ovseg").slices[(0,)].confidence
    np.testing.assert_array_equal(found[0, :5], [0, 1, 0, 1, 0])
    assert np.abs(found[1:] - 0.5).max() < 0.002


def test_the_picture_is_where_the_sidecar_is(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    (there / "cells.tif").touch()
    annotation = small()
    annotation.picture = PictureIdentity(there / "cells.tif", "file:00", (5, 7), "uint8")
    save(annotation, there / "cells.tif.ovseg")
    save(annotation, there / "cells.tif.2.ovseg")
    there.rename(here)
    assert load(here / "cells.tif.ovseg").picture.path == here / "cells.tif"
    assert load(here / "cells.tif.2.ovseg").picture.path == here / "cells.tif"
    (here / "cells.tif").unlink()
    assert load(here / "cells.tif.ovseg").picture.path == there / "cells.tif"


# -- two at once, and no room ------------------------------------------------------------


def test_a_state_that_somebody_else_saved_is_not_replaced(tmp_path):
    mine, theirs = Sidecar(tmp_path / "a.ovseg"), Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1))
    with pytest.raises(ConflictError, match="other work"):
        theirs.save(small(2))
    theirs.load()
    theirs.save(small(2))
    before = content(mine.folder)
    with pytest.raises(ConflictError, match="not overwritten"):
        mine.save(small(3))
    assert content(mine.folder) == before
    mine.save(small(3), overwrite=True)
    assert load(mine.folder).labels[0].name == "state 3"
    with pytest.raises(ConflictError):
        theirs.save(small(4))


def test_changed_is_not_believed_of_a_state_that_was_not_seen(tmp_path):
    folder = tmp_path / "a.ovseg"
    save(small(1, slices=2), folder)
    with pytest.raises(IncompleteError):
        Sidecar(folder).save(small(2, slices=2), changed=set(), overwrite=True)
    assert_same(load(folder), small(1, slices=2))


def test_a_folder_that_was_deleted_is_made_again(tmp_path):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1, slices=2))
    for path in mine.folder.iterdir():
        path.unlink()
    mine.folder.rmdir()
    with pytest.raises(IncompleteError):
        mine.save(small(2, slices=2), changed={(0,)})
    mine.save(small(2, slices=2))
    assert_same(load(mine.folder), small(2, slices=2))


def test_a_save_waits_for_another_and_gives_up_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sidecar, "_SECONDS_FOR_LOCK", 0.2)
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small())
    code = textwrap.dedent(
        """
        import sys, filelock
        lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print("held", flush=True); sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, mine.folder / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(OutputError, match="Another program"):
            mine.save(small(1))
        # A program that was killed holds nothing.
        other.kill()
        other.wait()
        mine.save(small(1))
    assert load(mine.folder).labels[0].name == "state 1"


def test_many_threads_never_mix_their_states(tmp_path):
    folder, refused, saved, said = tmp_path / "a.ovseg", [], [], []

    def work(number):
        mine = Sidecar(folder)
        for turn in range(12):
            try:
                if turn % 2:
                    mine.load()
                mine.save(small(number * 20 + turn, slices=3))
                saved.append(number)
            except ConflictError:
                refused.append(number)
            except InputError as error:
                said.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saved
    assert refused
    assert all("holds no annotation" in sentence for sentence in said)
    found = load(folder)
    assert_same(found, small(int(found.labels[0].name.split()[1]), slices=3))


def test_a_load_beside_saves_gets_one_state(tmp_path):
    mine, stop = Sidecar(tmp_path / "a.ovseg"), threading.Event()
    mine.save(small(0, slices=3))

    def save_on():
        number = 0
        while not stop.is_set():
            number += 1
            mine.save(small(number, slices=3))

    thread = threading.Thread(target=save_on)
    thread.start()
    try:
        for _ in range(30):
            found = load(mine.folder)
            assert_same(found, small(int(found.labels[0].name.split()[1]), slices=3))
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("survives", range(7))
def test_no_room_leaves_the_last_state(tmp_path, monkeypatch, survives):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1, slices=3))
    before, syncs, fsync = content(mine.folder), [], os.fsync

    def failing(handle):
        syncs.append(handle)
        if len(syncs) > survives and not os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    # Three slices, annotation.json, and the folder's names twice.
    if survives < 5:
        with pytest.raises(OutputError, match="no room"):
            mine.save(small(2, slices=3))
        assert content(mine.folder) == before
    monkeypatch.undo()
    mine.save(small(2, slices=3))
    assert_same(load(mine.folder), small(2, slices=3))
    assert len(content(mine.folder)) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_folder_that_cant_be_written(tmp_path):
    in_the_way = tmp_path / "a.ovseg"
    in_the_way.write_text("a file")
    with pytest.raises(OutputError, match="not a folder"):
        save(small(), in_the_way)
    assert in_the_way.read_text() == "a file"


def test_a_read_only_folder(tmp_path, monkeypatch):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1))
    before = content(mine.folder)

    # As root no folder is read-only; this is what the system says to others.
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(OutputError, match="permission denied"):
        mine.save(small(2))
    assert content(mine.folder) == before
