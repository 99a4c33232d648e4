from __future__ import annotations

import os

import numpy as np
import pytest

from napari_ovseg.annotation import Annotation, places
from napari_ovseg.annotation.identity import identify
from napari_ovseg.annotation.places import free_sidecar, own_folder, saved_sidecars, sidecar_folder
from napari_ovseg.annotation.sidecar import DOCUMENT, save


def test_beside_the_picture(tmp_path):
    assert sidecar_folder(tmp_path / "cells.ome.tif") == tmp_path / "cells.ome.tif.ovseg"


def test_elsewhere_two_pictures_of_one_name_are_kept_apart(tmp_path):
    folders = {sidecar_folder(tmp_path / day / "cells.tif", tmp_path / "all") for day in ("mon", "tue")}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {tmp_path / "all"}
    assert sidecar_folder(tmp_path / "mon" / "cells.tif", tmp_path / "all") in folders


def test_each_picture_of_a_file_has_its_own(tmp_path):
    assert sidecar_folder(tmp_path / "a.tif", part="DAPI / 405").name == "a.tif-DAPI _ 405.ovseg"
    first, second = (sidecar_folder(tmp_path / "a.tif", tmp_path / "all", part) for part in ("", "GFP"))
    assert first != second


@pytest.mark.parametrize("name", ["cat", "a/b\\c:d*?", "../..", "", "x" * 300, "Zellen ä 図", "nul\0"])
def test_a_picture_without_a_file_is_found_again(tmp_path, monkeypatch, name):
    monkeypatch.setattr(places, "own_sidecars", lambda: tmp_path)
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    folder = own_folder(name, identify(pixels))
    assert folder.parent == tmp_path
    assert folder == own_folder(name, identify(pixels.copy()))
    assert folder != own_folder(name, identify(pixels + 1))
    save(Annotation(()), folder)
    assert saved_sidecars(folder) == [folder]


def test_work_beside_is_found_last_saved_first(tmp_path):
    folder = tmp_path / "cells.tif.ovseg"
    assert saved_sidecars(tmp_path / "nowhere" / "a.ovseg") == []
    made = []
    for number in range(3):
        made.append(free_sidecar(folder))
        save(Annotation(()), made[-1])
        os.utime(made[-1] / DOCUMENT, ns=(number, number * 10**9))
    assert made == [folder, folder / "beside" / "1", folder / "beside" / "2"]
    save(Annotation(()), tmp_path / "cells.tif.old.ovseg")
    assert saved_sidecars(folder) == made[::-1]


def test_numbers_beside_a_sidecar_of_older_versions_are_found(tmp_path):
    folder = tmp_path / "cells.tif.ovseg"
    older = [folder, *(folder.with_name(f"cells.tif.{number}.ovseg") for number in (2, 3))]
    for number, place in enumerate(older):
        save(Annotation(()), place)
        os.utime(place / DOCUMENT, ns=(number, number * 10**9))
    assert saved_sidecars(folder) == older[::-1]
