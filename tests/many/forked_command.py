"""The command, for `Forks`; a line is JSON: its folder, its arguments and the file that it writes to."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from brief_training import brief_training
from forks import fork_for_each_line
from napari_ovseg import load_model
from napari_ovseg.cli import main


def command(line: str) -> None:
    folder, arguments, said = json.loads(line)
    for stream in (1, 2):
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.chdir(folder)
    sys.argv = ["napari-ovseg", *arguments]
    with brief_training():
        main()


if __name__ == "__main__":
    torch.set_num_threads(1)
    # with what it imports, which takes each run seconds otherwise
    load_model("demo", device="cpu")
    fork_for_each_line(command)
