"""Pictures whose names are not UTF-8, long, or links: opened, saved, resumed and exported in the window."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.places import sidecar_folder
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.export import export
from napari_ovseg.file_names import path_of
from napari_ovseg.images import read_image

from .used_panel import NOISE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


@pytest.fixture
def picture(request, tmp_path) -> Path:
    names = {"not UTF-8": os.fsdecode(b"caf\xe9.png"), "long": "細胞" * 40 + ".png", "link": "cells.png"}
    path = tmp_path / names[request.param]
    kept = tmp_path / "store" / "3f2a" if request.param == "link" else path
    kept.parent.mkdir(exist_ok=True)
    with kept.open("wb") as file:
        Image.fromarray(NOISE).save(file, format="PNG")
    if kept != path:
        path.symlink_to(kept)
    return path


@pytest.mark.parametrize(
    ("picture", "by_napari"),
    [("not UTF-8", True), ("not UTF-8", False), ("long", True), ("link", True)],
    indirect=["picture"],
)
def test_work_on_it_is_saved_beside_it_offered_again_and_exported(
    make_panel, qtbot, picture, tmp_path, by_napari
):
    def opened():
        panel = make_panel()
        if by_napari:
            panel.viewer.open(picture, plugin="napari")
        else:
            known = {METADATA_KEY: {"path": str(picture)}}
            panel.viewer.add_image(read_image(picture), name=picture.stem, metadata=known)
        qtbot.waitUntil(lambda: bool(panel.widget.session.places.found))
        return panel

    panel = opened()
    panel.run()
    panel.paint((3, 4), 2, panel.widget.annotator.current.masks.layer.name)
    place = sidecar_folder(picture)
    qtbot.waitUntil(lambda: is_sidecar(place), timeout=20_000)
    place.name.encode()
    assert load(place).picture.path == picture
    (one,) = panel.widget.exporting.labelled_pictures()
    summary = export([one], tmp_path / "out", "labelme")
    str(summary).encode()
    said = json.loads(summary.files[0].read_bytes().decode("utf-8"))["imagePath"]
    assert path_of(said, tmp_path / "out").samefile(picture)
    panel.viewer.close()
    again = opened()
    qtbot.waitUntil(lambda: again.widget.session.places.of(again.viewer.layers[0]) is not None)
    found = again.widget.session.places.of(again.viewer.layers[0])
    assert found.sidecar == place
    assert found.remarks == ()
    assert np.array_equal(read_image(picture), NOISE)
