"""``napari-ovseg evaluate``: how good masks are on a dataset with ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_ovseg.cli.models import load
from napari_ovseg.cli.options import (
    CheckpointOption,
    DeviceOption,
    LookOption,
    MethodOption,
    ModelOption,
    PackOption,
    PresetOption,
    SeedOption,
    SizeOption,
)
from napari_ovseg.cli.progress import Bars
from napari_ovseg.settings import Settings
from napari_ovseg.views.looks import AUTO
from napari_ovseg.wording import GUESS

if TYPE_CHECKING:
    from napari_ovseg.evaluation.datasets import Dataset
    from napari_ovseg.evaluation.readings import How

# written out, as the list itself comes with scipy
DatasetName = Literal[
    "voc21",
    "voc20",
    "context60",
    "context59",
    "coco-object",
    "coco-stuff",
    "ade20k",
    "cityscapes",
    "camvid",
    "nuclei",
    "folder",
]
PRESET: Literal["balanced"] = "balanced"
Protocol = Literal["known-labels", "vocabulary"]
Reading = Literal["masks", "papers"]


def evaluate(
    dataset: Annotated[DatasetName, typer.Argument(help="Which dataset; folder is one of your own.")],
    root: Annotated[
        Path,
        typer.Argument(
            help="Where its archive was unpacked. folder: images/, masks/ and classes.txt, one class a line.",
            metavar="ROOT",
        ),
    ],
    protocol: Annotated[
        Protocol,
        typer.Option(help="Give the names that are in each picture, or all names of the dataset."),
    ] = "known-labels",
    names: Annotated[
        str,
        typer.Option(
            help="plain: the dataset's own; curated: sharper ones and background words; clip-es: that "
            "paper's, for VOC; or a file with the phrases of a class in each line.",
            metavar="NAMES",
        ),
    ] = "plain",
    model: ModelOption = None,
    checkpoint: CheckpointOption = None,
    method: MethodOption = None,
    reading: Annotated[
        Reading,
        typer.Option(
            help="masks: all that segment does. papers: relevance alone, without a pack, scored as its paper "
            "does it."
        ),
    ] = "masks",
    pack: PackOption = GUESS,
    look: LookOption = AUTO,
    size: SizeOption = "",
    preset: PresetOption = PRESET,
    split: Annotated[
        str | None,
        typer.Option(help="Default: the one that papers report, mostly val.", metavar="NAME"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many pictures.", metavar="N", min=1)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results. Default: one in evaluation/ for these settings.", metavar="DIR"
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad",
            help="End with exit status 0 also where pictures or masks could not be used; they are listed all "
            "the same.",
        ),
    ] = False,
    device: DeviceOption = "auto",
    seed: SeedOption = 0,
) -> None:
    """Measure mIoU, boundary IoU, pixel accuracy and seconds on pictures with ground truth.

    Writes report.json, report.md, a contact sheet of the worst and the median pictures, and the masks.
    Stop it at any time: the same command goes on where it was. A picture or mask that can't be used is left
    out, and listed at the end with its reason; the exit status is then 1.
    """
    from napari_ovseg.evaluation.datasets import open_dataset
    from napari_ovseg.evaluation.problems import BadDataset
    from napari_ovseg.evaluation.readings import How
    from napari_ovseg.evaluation.report import report_files, write_report
    from napari_ovseg.evaluation.run import evaluate as run

    try:
        opened = open_dataset(dataset, root, split=split, naming=names)
        settings = Settings(
            names=opened.categories, preset=preset, method=method, look=look, size=size, pack=pack, seed=seed
        )
        # pictures of datasets don't say how large a pixel is
        settings = settings.in_pixels(None, None)
        loaded = load(model, checkpoint, device)
        how = How(loaded, settings, protocol, reading)
        folder = output or Path("evaluation") / _folder_name(opened, how, Path(names).stem, root)
        with Bars() as bars:
            found = run(opened, how, folder, limit=limit, progress=bars)
    except BadDataset as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise
    numbers = write_report(found)
    for warning in found.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    _say(numbers)
    for path in report_files(folder):
        typer.echo(path)
    if found.bad and not skip_bad:
        typer.echo("Mend them and run the same command again, or add --skip-bad.", err=True)
        raise typer.Exit(1)


def _folder_name(opened: Dataset, how: How, names: str, root: Path) -> str:
    """One for all that was asked for, so that other settings don't meet in it."""
    from napari_ovseg.export.passed_on import name_alone

    chosen = how.settings
    words: list[str | None] = [
        opened.name,
        opened.split,
        how.protocol,
        names,
        name_alone(how.model.card.name),
        chosen.method,
    ]
    if opened.name == "folder":
        words.insert(1, root.resolve().name)
    if how.reading == "papers":
        words.append("papers")
    else:
        words.append(chosen.pack if chosen.pack != GUESS else None)
        words.append(chosen.look.replace(",", "") if chosen.look != AUTO else None)
        words.append(f"size {chosen.size}".replace(",", "") if chosen.size else None)
        words.append(chosen.preset if chosen.preset != PRESET else None)
        words.append(f"seed-{chosen.seed}" if chosen.seed else None)
    return "-".join(filter(None, words)).replace("/", "-").replace(" ", "-")


def _say(numbers: dict[str, Any]) -> None:
    """The four figures, and what was skipped."""
    for figure in ("pooled mIoU", "mean mIoU of pictures", "pixel accuracy", "boundary IoU"):
        value = numbers[figure]
        typer.echo(f"{figure:<22} {'-' if value is None else format(value, '.3f')}")
    typer.echo(f"{numbers['evaluated']} of {numbers['listed']} pictures")
    skipped = numbers["skipped"]
    if skipped:
        typer.echo(f"{len(skipped)} were skipped:", err=True)
        for why in skipped.values():
            typer.echo(f"  {why}", err=True)
