"""The options that several commands share, with one wording each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_ovseg.models.clip.method_names import Method
from napari_ovseg.views.presets import Preset
from napari_ovseg.wording import PACKS

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help='See "napari-ovseg models", or a folder that "train adapt" has written. Default: ViT-B/16 for '
        "photos once downloaded, else demo.",
        metavar="NAME",
    ),
]
CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", help="Weights from a local file; --model then names the architecture.", metavar="PATH"
    ),
]
MethodOption = Annotated[
    Method | None,
    typer.Option("--method", help="How relevance is read off the model. Default: what suits the model."),
]
LookOption = Annotated[
    str,
    typer.Option(
        "--look",
        help='How pictures that are grey or of one hue are shown to the model: auto, "as it is", or some of '
        '"dark things", "background removed", "faint things raised", "dimmed" and "dimmed strongly", '
        "separated by commas.",
        metavar="LOOK",
    ),
]
SizeOption = Annotated[
    str,
    typer.Option(
        "--size",
        help='How wide one thing is, of all or of each name: "40" (pixels), "12 um", "nuclei 40, cells 120". '
        "Default: not said.",
        metavar="SIZE",
    ),
]
PackOption = Annotated[
    str,
    typer.Option(
        "--pack",
        help=f"Background pack, whose words compete with the names: guess, none, {', '.join(PACKS)}.",
        metavar="NAME",
    ),
]
PresetOption = Annotated[
    Preset,
    typer.Option("--preset", help="How many views of a picture the model sees."),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cuda, mps or cpu.", metavar="NAME")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same masks.", metavar="N")]
