"""What a training is watched by: whether patches tell nuclei from ground, and whether shapes have names.

A class token may know that there are nuclei while the patches say they lie on the ground beside them. So the
patch score is watched, in pictures that are not trained on.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import mannwhitneyu
from torch import Tensor

from napari_ovseg.demo.batches import normalised
from napari_ovseg.demo.canvases import Canvas, nuclei_canvas, nuclei_split, pieces_of, stretched
from napari_ovseg.demo.crops import PATCH
from napari_ovseg.demo.phrases import COLOURS, SHAPES
from napari_ovseg.demo.scenes import scene
from napari_ovseg.demo.tower import Tower

SIDE = 128
OF_EACH_KIND = 8
SCENES = 60
# share from which on a patch is full of nuclei
_FULL = 0.5
# how grey pictures are shown: factor, and whether black and white change places
EXPOSURES = {"stretched": (1.0, False), "dimmed": (0.2, False), "inverted": (1.0, True)}


class Watch:
    """Figures of a training, written to a table as it goes on.

    Parameters
    ----------
    nuclei : pathlib.Path or None
        The folder of BBBC038; without it only drawn things are looked at.
    table : pathlib.Path
        Gets a row each time; one that is there goes on.
    """

    def __init__(self, nuclei: Path | None, table: Path) -> None:
        self.table = table
        self.nuclei: dict[str, list[tuple[Tensor, NDArray[np.float64]]]] = {}
        if nuclei:
            self._add_nuclei(nuclei)
        self.things = _things()

    def look(self, tower: Tower, step: int, loss: float) -> float:
        """Add a row: step, loss, and what is watched. Return the least area under the curve, 1 if none."""
        row: dict[str, float] = {"step": step, "loss": loss}
        tower.eval()
        with torch.no_grad():
            word = tower.text(["nuclei"])[0]
            for name, shown in self.nuclei.items():
                areas = [_patch_area(tower, picture, share, word) for picture, share in shown]
                row[name] = float(np.mean(areas))
            for name, (pictures, truth) in self.things.items():
                names = tower.text([f"{colour} {shape}" for colour in COLOURS for shape in SHAPES])
                cls = torch.cat([tower.image(part, (4, 4))[0] for part in pictures.split(64)])
                row[name] = float(((cls @ names.T).argmax(dim=1) == truth).float().mean())
        tower.train()
        new = not self.table.is_file()
        with self.table.open("a", newline="") as stream:
            writer = csv.DictWriter(stream, list(row))
            if new:
                writer.writeheader()
            writer.writerow({key: round(value, 4) for key, value in row.items()})
        return min((row[name] for name in self.nuclei), default=1.0)

    def _add_nuclei(self, folder: Path) -> None:
        rows = nuclei_split(folder, "test")
        for kind in ("fluorescence", "stained"):
            some = [row for row in rows if row["kind"] == kind][:: max(1, len(rows) // 40)][:OF_EACH_KIND]
            for row in some:
                canvas = nuclei_canvas(folder, row)
                self._add(kind, stretched(canvas) if kind == "fluorescence" else canvas)

    def _add(self, kind: str, canvas: Canvas) -> None:
        """Keep the middle of a picture, enlarged, in each exposure, with the share of nuclei in each patch.

        A picture without nuclei there, or without ground, has nothing to compare.
        """
        looks = EXPOSURES if kind == "fluorescence" else {"": (1.0, False)}
        top, left = ((extent - SIDE // 2) // 2 for extent in canvas.labels.shape)
        place = np.s_[top : top + SIDE // 2, left : left + SIDE // 2]
        share = (
            canvas.labels[place].reshape(SIDE // PATCH, PATCH // 2, SIDE // PATCH, PATCH // 2).mean((1, 3))
        )
        if share.max() <= _FULL or share.min() > 0:
            return
        enlarged = Image.fromarray(canvas.picture[place]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture = np.asarray(enlarged, np.float32) / np.float32(255)
        for look, (gain, inverted) in looks.items():
            shown = (1 - picture if inverted else picture) * np.float32(gain)
            name = f"patches, {kind} {look}".strip()
            self.nuclei.setdefault(name, []).append(
                (normalised(shown[None].transpose(0, 3, 1, 2)), share.ravel())
            )


def _patch_area(tower: Tower, picture: Tensor, share: NDArray[np.float64], word: Tensor) -> float:
    """Area under the curve of "nuclei" at patches full of nuclei against patches without."""
    scores = (tower.image(picture, (0, 0))[1][0] @ word).numpy()
    inside, outside = scores[share > _FULL], scores[share == 0]
    return float(mannwhitneyu(inside, outside).statistic / (len(inside) * len(outside)))


def _things() -> dict[str, tuple[Tensor, Tensor]]:
    """Pictures ``(N, 3, 64, 64)`` and names of drawn shapes: of pairs that are trained on, and of others."""
    names = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    found: dict[bool, list[tuple[NDArray[np.float32], int]]] = {False: [], True: []}
    for number in range(SCENES):
        drawn = scene(np.random.default_rng((11, number)), microscopy=False, held_out=bool(number % 2))
        for label, thing in enumerate(drawn.things, 1):
            if thing.colour:
                cut = _around(drawn.picture, drawn.labels == label)
                found[thing.held_out].append((cut, names.index((thing.colour, thing.kind))))
    return {
        f"{'held-out' if held_out else 'seen'} shapes": (
            normalised(np.stack([picture for picture, _ in some]).transpose(0, 3, 1, 2)),
            torch.tensor([name for _, name in some]),
        )
        for held_out, some in found.items()
    }


def _around(picture: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What lies around the largest piece of a thing, 64 pixels wide."""
    regions = pieces_of(inside.astype(np.uint8))
    _, top, left, side, _ = regions[regions[:, 4].argmax()]
    margin = max(2, side // 8)
    padded = np.pad(picture, ((side, side), (side, side), (0, 0)), mode="edge")
    rows, columns = (np.s_[at + side - margin : at + 2 * side + margin] for at in (top, left))
    cut = Image.fromarray(padded[rows, columns]).resize((64, 64), Image.Resampling.BICUBIC)
    return np.asarray(cut, np.float32) / np.float32(255)
