from __future__ import annotations

import pytest
from hypothesis import given, settings

from napari_ovseg.annotation import PictureIdentity, sidecar
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, load, save
from napari_ovseg.errors import IncompleteError, InputError

from .annotations import annotations, assert_same, content, small


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
    # it was saved as lying beside, wherever that is
    assert load(here / "cells.tif.ovseg").picture.path == here / "cells.tif"
