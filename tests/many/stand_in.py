"""Runs of many pictures with a method that stands in for the real one."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from napari_ovseg.categories import parse_categories
from napari_ovseg.many import Result, plan, segment_files
from napari_ovseg.settings import Settings

MODEL = SimpleNamespace(card=SimpleNamespace(name="stand-in"), checkpoint_id="one", device="cpu")


def picture(path: Path, red: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pixels = np.zeros((8, 9, 3), np.uint8)
        pixels[..., 0] = red
        pixels[4:, :, 1] = 200
        Image.fromarray(pixels).save(file, format="PNG")
    return path


def run(
    files: list[Path | str],
    folder: Path | str,
    *,
    model: Any = MODEL,
    settings: Settings | None = None,
    overwrite: bool = False,
    resume: bool = False,
    **options: Any,
) -> list[Result]:
    jobs = plan(files, folder, overwrite=overwrite, resume=resume)
    settings = settings or Settings(names=parse_categories("cat"))
    return list(
        segment_files(jobs, settings, folder, model=model, overwrite=overwrite, resume=resume, **options)
    )


def every_file(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def listed(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "categories.json").read_bytes())["images"]
