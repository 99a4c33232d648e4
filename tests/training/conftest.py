from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from random_weights import write_weights

from napari_ovseg import load_model
from napari_ovseg.models import loading
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.model import ClipModel
from tiny import TEXT, VISION


@pytest.fixture(autouse=True)
def tiny_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small network of random weights in the place of the bundled model; the folder of its files."""
    folder = tmp_path / "demo"
    folder.mkdir()
    config = {"embed_dim": 24, "init_logit_bias": 0.0, "vision_cfg": VISION | {"layers": 3}, "text_cfg": TEXT}
    (folder / "ovseg-demo.json").write_text(json.dumps(config))
    write_weights(folder, 0)
    monkeypatch.setattr(registry, "DEMO_FOLDER", folder)
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path / "cache"))
    loading.unload()
    yield folder
    loading.unload()


@pytest.fixture
def model() -> ClipModel:
    found = load_model("demo", device="cpu")
    assert isinstance(found, ClipModel)
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of four pictures of two shapes."""
    folder = tmp_path / "pics"
    folder.mkdir()
    for number, size in enumerate([(40, 40), (40, 40), (30, 60), (30, 60)]):
        blocks = np.random.default_rng(number).integers(0, 256, (*(side // 10 for side in size), 3), np.uint8)
        Image.fromarray(blocks.repeat(10, 0).repeat(10, 1)).save(folder / f"{number}.png")
    return folder
