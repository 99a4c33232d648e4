"""The bundled model, adapted to scenes: it still finds what its teacher finds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_ovseg import adapt, load_model, segment
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.models import loading
from napari_ovseg.models.clip.registry import DEMO_FOLDER

pytestmark = pytest.mark.skipif(not (DEMO_FOLDER / "demo.safetensors").exists(), reason="no bundled model")


def test_masks_of_a_scene_are_right(tmp_path):
    (tmp_path / "pics").mkdir()
    for seed in range(1000, 1004):
        Image.fromarray(sample_scene(seed)[0]).save(tmp_path / "pics" / f"{seed}.png")
    card = adapt(tmp_path / "pics", teacher="demo", output=tmp_path / "run", steps=6)
    losses = np.loadtxt(tmp_path / "run" / "log.csv", delimiter=",", skiprows=1)[:, 1]
    assert losses[-1] < 0.8 * losses[0]
    assert card.pictures == 4
    picture, truth, names = sample_scene(100)
    found = segment(picture, names, model=load_model(str(tmp_path / "run")), look="as it is")
    loading.unload()
    right = [
        ((found.masks == number) & (truth == number)).sum()
        / ((found.masks == number) | (truth == number)).sum()
        for number in range(len(names) + 1)
    ]
    assert np.mean(right) > 0.6
