"""Runs that go on: what is left alone, what is done again, and what is refused because it would be lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import LossError, ModelError
from napari_ovseg.many import plan, resume
from napari_ovseg.many.jobs import run_ledger
from napari_ovseg.many.picture_files import picture_files
from napari_ovseg.settings import Settings

from .stand_in import MODEL, every_file, listed, picture, run

SETTINGS = Settings(names=parse_categories("cat: kitten; background: grass"))


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    """Four of them; the red of each is its number."""
    return [picture(tmp_path / f"pics/{name}.png", number) for number, name in enumerate("abcd")]


@pytest.fixture
def out(tmp_path, pictures, method) -> Path:
    """Where all four are done."""
    run(pictures, tmp_path / "out", settings=SETTINGS)
    method.seen.clear()
    return tmp_path / "out"


def test_what_is_done_is_left_alone_and_listed(pictures, out, method):
    before = every_file(out)
    (out / "categories.json").unlink()
    results = run(pictures, out, settings=SETTINGS, resume=True)
    assert [(result.kept, result.segmentation, result.problem) for result in results] == [
        (True, None, "")
    ] * 4
    assert method.seen == []
    assert every_file(out) == before


def test_a_run_that_was_stopped_goes_on_and_ends_like_an_unbroken_one(tmp_path, pictures, out, method):
    for number, error in enumerate((KeyboardInterrupt(), ModelError("It has no layers."))):
        half = tmp_path / f"half {number}"
        picture(pictures[2], 255)
        run(pictures, tmp_path / f"whole {number}", settings=SETTINGS)
        method.error = error
        with pytest.raises(type(error)):
            run(pictures, half, settings=SETTINGS)
        method.error = None
        method.seen.clear()
        results = run(pictures, half, settings=SETTINGS, resume=True)
        assert [result.job.stem for result in results if result.kept] == ["a", "b"]
        assert method.seen == [255, 3]
        assert every_file(half) == every_file(tmp_path / f"whole {number}")


def test_what_was_being_written_when_it_was_killed_is_done_again(pictures, out, method):
    before = every_file(out)
    # as the disk is then: one file of three, notes of the ledger, parts of files
    (out / "b_overlay.png").unlink()
    (out / "b_pseudo.png").write_bytes(b"of an earlier run")
    (out / "categories.json").unlink()
    run_ledger(out).begin("b")
    for name in (
        ".b_overlay.png.0123abcd.part",
        ".categories.json.0123abcd.part",
        ".segmented/.b.json.0123abcd.part",
    ):
        (out / name).write_bytes(b"half")
    run(pictures, out, settings=SETTINGS, resume=True)
    assert method.seen == [1]
    assert every_file(out) == before


@pytest.mark.parametrize("content", [b"", b'{"made_with": "x"', b"{}", b'{"images": []}', b"[1, 2]"])
def test_an_entry_that_is_damaged_or_foreign_is_none(pictures, out, method, content):
    (out / ".segmented/b.json").write_bytes(content)
    # whose files these are, nobody can say
    with pytest.raises(LossError, match=r"b_masks.png and 2 more files were changed"):
        run(pictures, out, settings=SETTINGS, resume=True)
    run(pictures, out, settings=SETTINGS, resume=True, overwrite=True)
    assert method.seen == [1]


def test_an_entry_of_another_picture_or_of_another_shape_is_none(pictures, out, method):
    ledger = out / ".segmented"
    shutil.copy(ledger / "a.json", ledger / "b.json")
    for name, key in (("c", "files"), ("d", "listed")):
        entry = json.loads((ledger / f"{name}.json").read_bytes())
        (ledger / f"{name}.json").write_text(json.dumps(entry | {key: 3}))
    run(pictures, out, settings=SETTINGS, resume=True, overwrite=True)
    assert method.seen == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"names": parse_categories("cat: kitten; background: sky")},
        {"names": parse_categories("cat; background: grass")},
        {"preset": "fast"},
        {"method": "cam"},
        {"pack": "aerial"},
        {"look": "dimmed"},
        {"size": "cat 40"},
        {"known": True},
        {"seed": 1},
    ],
)
def test_other_settings_are_done_again(pictures, out, method, change):
    results = run(pictures, out, settings=replace(SETTINGS, **change), resume=True)
    assert method.seen == [0, 1, 2, 3]
    assert not any(result.kept for result in results)


@pytest.mark.parametrize(
    "change", [{"card": SimpleNamespace(name="b")}, {"checkpoint_id": "b"}, {"device": "mps"}]
)
def test_another_model_or_device_is_done_again(pictures, out, method, change):
    run(pictures, out, settings=SETTINGS, model=SimpleNamespace(**vars(MODEL) | change), resume=True)
    assert method.seen == [0, 1, 2, 3]


def test_another_version_of_this_package_is_done_again(pictures, out, method, monkeypatch):
    monkeypatch.setattr(resume, "__version__", "99")
    run(pictures, out, settings=SETTINGS, resume=True)
    assert method.seen == [0, 1, 2, 3]


def test_a_changed_picture_and_a_missing_file_are_done_again_but_not_a_copy(pictures, out, method):
    picture(pictures[1], 77)
    (out / "d_pseudo.png").unlink()
    # other times, same contents
    shutil.copy(pictures[0], pictures[0].with_suffix(".copy"))
    pictures[0].with_suffix(".copy").replace(pictures[0])
    run(pictures, out, settings=SETTINGS, resume=True)
    assert method.seen == [77, 3]
    assert [entry["image"] for entry in listed(out)] == [f"../pics/{name}.png" for name in "abcd"]


def test_what_went_wrong_is_tried_again(tmp_path, pictures, method):
    bad = tmp_path / "pics/b.png"
    bad.write_bytes(b"nothing")
    (*_,) = run(pictures, tmp_path / "out", settings=SETTINGS)
    picture(bad, 9)
    method.seen.clear()
    results = run(pictures, tmp_path / "out", settings=SETTINGS, resume=True)
    assert method.seen == [9]
    assert not any(result.problem for result in results)


def test_so_is_a_run_of_which_nothing_went_well(tmp_path, method):
    bad = tmp_path / "b.png"
    bad.write_bytes(b"nothing")
    run([bad], tmp_path / "out")
    picture(bad)
    (result,) = run([bad], tmp_path / "out", resume=True)
    assert not result.problem


def test_pictures_that_are_added_are_done_besides(tmp_path, pictures, out, method):
    more = [picture(tmp_path / "pics/0.png", 50), *pictures, picture(tmp_path / "pics/z.png", 60)]
    run(more, out, settings=SETTINGS, resume=True)
    assert method.seen == [50, 60]
    assert [Path(entry["image"]).stem for entry in listed(out)] == ["0", *"abcd", "z"]


def test_pictures_that_are_not_named_any_more_are_not_lost_unasked(pictures, out, method):
    before = every_file(out)
    with pytest.raises(LossError, match=r"not named now \(a and 1 more\).*add --overwrite"):
        run(pictures[2:], out, settings=SETTINGS, resume=True)
    assert every_file(out) == before
    run(pictures[2:], out, settings=SETTINGS, resume=True, overwrite=True)
    assert method.seen == []
    assert [Path(entry["image"]).stem for entry in listed(out)] == ["c", "d"]
    # from now on they are nobody's
    run(pictures[2:], out, settings=SETTINGS, resume=True)
    with pytest.raises(LossError, match=r"a_masks.png and 5 more files"):
        run(pictures, out, settings=SETTINGS, resume=True)


def test_masks_that_a_person_has_changed_are_kept_or_refused_never_replaced(pictures, out, method):
    (out / "b_masks.png").write_bytes((out / "a_overlay.png").read_bytes())
    before = every_file(out)
    run(pictures, out, settings=SETTINGS, resume=True)
    assert every_file(out) == before
    other = replace(SETTINGS, seed=1)
    with pytest.raises(LossError, match=r"b_masks.png was changed since the earlier run: add --overwrite"):
        run(pictures, out, settings=other, resume=True)
    assert every_file(out) == before
    run(pictures, out, settings=other, resume=True, overwrite=True)
    assert (out / "b_masks.png").read_bytes() == (out / "a_masks.png").read_bytes()


def test_files_of_others_are_refused_as_without_it(tmp_path, pictures, method):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/categories.json").write_text("mine")
    with pytest.raises(LossError, match=r"categories.json is there already"):
        plan(pictures, tmp_path / "out", resume=True)
    run(pictures[:2], tmp_path / "two")
    (tmp_path / "two/c_masks.png").write_text("mine")
    with pytest.raises(LossError, match=r"c_masks.png is there already"):
        plan(pictures, tmp_path / "two", resume=True)


def test_a_picture_is_never_replaced(tmp_path, pictures, out):
    mine = picture(out / "a_masks.png")
    with pytest.raises(LossError, match="is one of the pictures"):
        plan([*pictures, mine], out, resume=True, overwrite=True)


def test_pictures_and_results_that_are_moved_together_stay_done(tmp_path, pictures, out, method):
    (tmp_path / "elsewhere").mkdir()
    moved = [tmp_path / "elsewhere/pics" / path.name for path in pictures]
    pictures[0].parent.rename(moved[0].parent)
    shutil.copytree(out, tmp_path / "elsewhere/out")
    run(moved, tmp_path / "elsewhere/out", settings=SETTINGS, resume=True)
    assert every_file(tmp_path / "elsewhere/out") == every_file(out)
    # pictures alone: they are the same, and are named by where they are
    run(moved, out, settings=SETTINGS, resume=True)
    assert method.seen == []
    assert listed(out)[0]["image"] == "../elsewhere/pics/a.png"


def test_results_beside_their_pictures_are_no_pictures_when_it_was_killed(pictures, method):
    folder = pictures[0].parent
    assert picture_files([folder]) == pictures
    run(pictures, folder, settings=SETTINGS)
    (folder / "categories.json").unlink()
    assert picture_files([folder]) == pictures


def test_progress_is_told_while_it_looks(pictures, out):
    told = []
    run(pictures, out, settings=SETTINGS, resume=True, progress=lambda *said: told.append(said))
    assert told == [("Checking what is done", number, 4) for number in (1, 2, 3, 4)]
