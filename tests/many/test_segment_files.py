"""Many pictures: whatever goes wrong with one, the rest is done, and what is written is true."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError, ModelError, NoRoomError, OutputError
from napari_ovseg.imports import read_labelled
from napari_ovseg.many import plan, segment_files
from napari_ovseg.settings import Settings

from .stand_in import MODEL, every_file, listed, picture, run

pytestmark = pytest.mark.usefixtures("method")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("It is all one value."), "It is all one value."),
        (MemoryError(), "not enough memory"),
        (ZeroDivisionError("float division"), r"\(ZeroDivisionError: float division\)"),
        (RuntimeError("caf\udce9"), "caf%E9"),
        (OutputError("It can't be written."), "It can't be written."),
    ],
)
def test_whatever_goes_wrong_with_one_the_rest_is_done(tmp_path, method, error, said):
    method.error = error
    files = [picture(tmp_path / name, red) for name, red in (("a.png", 0), ("b.png", 255), ("c.png", 0))]
    out = tmp_path / "out"
    good, bad, last = run(files, out)
    assert not good.problem
    assert not last.problem
    assert re.search(said, bad.problem)
    assert bad.problem.startswith(str(files[1]))
    assert [("problem" in entry) for entry in listed(out)] == [False, True, False]
    assert not list(out.glob("b_*"))
    assert [one.name for one in read_labelled(out)] == ["a", "c"]


def test_a_model_that_fails_and_ctrl_c_end_the_batch_with_what_was_done(tmp_path, method):
    files = [picture(tmp_path / "a.png"), picture(tmp_path / "b.png", 255), picture(tmp_path / "c.png")]
    for number, error in enumerate((ModelError("It has no layers."), KeyboardInterrupt())):
        method.error = error
        out = tmp_path / str(number)
        with pytest.raises(type(error)):
            run(files, out)
        assert [entry["image"] for entry in listed(out)] == ["../a.png"]
        assert sorted(path.name[0] for path in out.glob("[!.]*")) == ["a", "a", "a", "c"]


def test_one_file_that_can_t_be_written_is_one_problem(tmp_path, monkeypatch):
    replace = Path.replace

    def refuse(self, target):
        if Path(target).name == "b_pseudo.png":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    out = tmp_path / "out"
    first, second = run([picture(tmp_path / "b.png"), picture(tmp_path / "c.png")], out)
    assert "b_pseudo.png can't be written" in first.problem
    assert second.segmentation is not None
    assert {path.name[0] for path in out.glob("[!.]*")} == {"c"}


def test_what_a_failed_run_has_not_replaced_stays(tmp_path, monkeypatch):
    pictures = [picture(tmp_path / "a.png")]
    run(pictures, tmp_path / "o")
    before = every_file(tmp_path / "o")

    def full(*_):
        raise NoRoomError("There is no room on the disk: free some.")

    monkeypatch.setattr("napari_ovseg.many.folder.write_labels", full)
    with pytest.raises(NoRoomError):
        run(pictures, tmp_path / "o", overwrite=True)
    assert every_file(tmp_path / "o") == before


def test_no_good_picture_is_told_truly(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    out = tmp_path / "out"
    found = run([tmp_path / "bad.png", tmp_path / "none.png", tmp_path], out)
    assert all(result.problem for result in found)
    assert [entry["image"] for entry in listed(out)] == ["../bad.png", "../none.png", ".."]
    assert all("masks" not in entry and entry["problem"] for entry in listed(out))
    assert [path.name for path in out.glob("[!.]*")] == ["categories.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_names_as_people_have_them(tmp_path):
    store = picture(tmp_path / "store/3f2a")
    (tmp_path / "cells.png").symlink_to(store)
    names = [os.fsdecode(b"caf\xe9.png"), "細胞" * 40 + ".png", "con.png", "a:b.png"]
    files = [*(picture(tmp_path / name) for name in names), tmp_path / "cells.png"]
    out = tmp_path / "out"
    found = run(files, out)
    assert not any(result.problem for result in found)
    stems = [result.job.stem for result in found]
    assert [stems[0], *stems[2:]] == ["caf%E9", "_con", "a_b", "cells"]
    for path in out.iterdir():
        assert len(path.name.encode()) < 230
    back = read_labelled(out)
    assert [one.picture_path.name for one in back] == [*names, "cells.png"]


def test_the_size_of_a_pixel_is_kept(tmp_path):
    pixels = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    size = {"PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, photometric="rgb", ome=True, metadata=size)
    run([tmp_path / "a.ome.tif"], tmp_path / "out")
    (back,) = read_labelled(tmp_path / "out")
    assert (back.pixel_size, back.unit) == ((0.5, 0.25), "micrometer")


def test_paths_are_seen_from_the_folder_of_the_results(tmp_path, monkeypatch):
    picture(tmp_path / "p/pics/a.png")
    monkeypatch.chdir(tmp_path / "p/pics")
    run(["a.png", "./a.png", tmp_path / "p/pics/a.png"], "../m")
    assert [entry["image"] for entry in listed(tmp_path / "p/m")] == ["../pics/a.png"]
    assert str(tmp_path) not in (tmp_path / "p/m/categories.json").read_text(encoding="utf-8")
    (tmp_path / "p").rename(tmp_path / "q")
    monkeypatch.chdir(tmp_path)
    assert read_labelled("q/m")[0].picture_path == tmp_path / "q/pics/a.png"


def test_time_for_a_picture_does_not_grow_with_their_number(tmp_path, monkeypatch):
    """Counted in bytes that are written, as seconds depend on the machine."""
    count, kept = 2000, []
    replace = Path.replace

    def weigh(self, target):
        kept.append((Path(target).name, self.stat().st_size))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", weigh)
    monkeypatch.setattr("os.fsync", lambda handle: None)
    monkeypatch.setattr("napari_ovseg.many.folder.write_overlay", lambda path, *_: path.touch())
    source = picture(tmp_path / "one.png")
    files = [tmp_path / f"pics/{number:04}.png" for number in range(count)]
    files[0].parent.mkdir()
    for file in files:
        file.hardlink_to(source)
    run(files, tmp_path / "out")
    *each, (last, _) = kept
    assert last == "categories.json"
    assert len(each) == 3 * count
    sizes = [sum(size for _, size in each[3 * first : 3 * first + 3]) for first in range(count)]
    assert len(set(sizes)) == 1
    assert len(listed(tmp_path / "out")) == count


def test_a_caller_who_has_enough_leaves_a_true_list(tmp_path):
    jobs = plan([picture(tmp_path / name) for name in ("a.png", "b.png")], tmp_path / "out")
    results = segment_files(jobs, Settings(names=parse_categories("cat")), tmp_path / "out", model=MODEL)
    next(results)
    assert not (tmp_path / "out/categories.json").exists()
    results.close()
    assert [entry["image"] for entry in listed(tmp_path / "out")] == ["../a.png"]


def test_a_length_is_in_pixels_of_each_picture(tmp_path, method):
    files = []
    for name, side in (("fine", 0.5), ("coarse", 2.0)):
        path = tmp_path / f"{name}.ome.tif"
        about = {"axes": "YXS", "PhysicalSizeX": side, "PhysicalSizeY": side}
        tifffile.imwrite(
            path, np.arange(216, dtype=np.uint8).reshape(8, 9, 3), photometric="rgb", metadata=about, ome=True
        )
        files.append(path)
    files.append(picture(tmp_path / "unknown.png"))
    *found, unknown = run(
        files, tmp_path / "out", settings=Settings(names=parse_categories("cat"), size="12 um")
    )
    assert [one.problem for one in found] == ["", ""]
    assert method.sizes == ["24 px", "6 px"]
    assert "doesn't say how large a pixel is" in unknown.problem
