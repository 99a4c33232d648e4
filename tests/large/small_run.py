"""Runs of a large picture, of nine small tiles, for `Forks`; a line names the target."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from blobs import blobs
from brief_training import brief_training
from forks import fork_for_each_line
from napari_ovseg import load_model, segment_large
from napari_ovseg.large import run, survey
from napari_ovseg.views.lazy_picture import LazyPicture


def run_into(target: str) -> None:
    with (
        brief_training(),
        patch.object(run, "CORE", 96),
        patch.object(survey, "CORE", 96),
        patch.object(survey, "HALO", 16),
        patch.object(survey, "CELL", 96),
    ):
        segment_large(
            LazyPicture([blobs(250)[0]], limits=(0, 200)),
            "nuclei",
            target,
            model=load_model("demo", device="cpu"),
            resume=True,
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    # with what it imports, which takes each run seconds otherwise
    load_model("demo", device="cpu")
    fork_for_each_line(run_into)
