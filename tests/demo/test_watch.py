import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ovseg.demo import watch
from napari_ovseg.demo.tower import Tower

NUCLEI = Path(__file__).resolve().parents[2] / "../shared/photos/nuclei"


class Told(Tower):
    """A tower whose patches say "nuclei" as far as they are bright (or dark)."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign

    def image(self, pictures: torch.Tensor, corner: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
        cls, patches = super().image(pictures, corner)
        bright = torch.nn.functional.avg_pool2d(pictures.mean(1, keepdim=True), watch.PATCH).flatten(1)
        return cls, self.sign * bright[..., None] * self.text(["nuclei"])[0] + 0 * patches


@pytest.mark.skipif(not NUCLEI.is_dir(), reason="needs ../shared/photos/nuclei")
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_patches_that_know_and_patches_that_lie_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: float
) -> None:
    monkeypatch.setattr(watch, "SCENES", 2)
    table = tmp_path / "curve.csv"
    look = watch.Watch(NUCLEI, table)
    look.look(Told(sign), 250, 1.5)
    look.look(Told(sign), 500, 1.25)
    rows = list(csv.DictReader(table.open()))
    assert [(row["step"], row["loss"]) for row in rows] == [("250", "1.5"), ("500", "1.25")]
    bright, dark = (float(rows[0][f"patches, fluorescence {name}"]) for name in ("stretched", "inverted"))
    assert (bright > 0.9) == (dark < 0.1) == (sign > 0)
    assert np.isclose(bright + dark, 1, atol=1e-3)
