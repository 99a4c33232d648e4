"""Runs of a large picture, of nine small tiles, each a process of its own.

There is one for each line of standard input, which names its target. Standard output says which process
it is, and then how it has ended. A run is a fork of this process, so that PyTorch is imported once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from blobs import blobs
from brief_training import brief_training
from napari_ovseg import load_model, segment_large
from napari_ovseg.large import run, survey
from napari_ovseg.views.lazy_picture import LazyPicture


def run_into(target: str) -> None:
    torch.set_num_threads(1)
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
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_into(line.rstrip("\n"))
            break
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
