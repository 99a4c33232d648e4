"""What a run found, as numbers (report.json) and as tables (report.md)."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.atomic import write_json_atomically, write_text_atomically
from napari_ovseg.evaluation.contact_sheet import SHEET, write_contact_sheet
from napari_ovseg.evaluation.metrics import Counts, pooled
from napari_ovseg.evaluation.results import PictureResult
from napari_ovseg.evaluation.run import Evaluation

NUMBERS, TABLES = "report.json", "report.md"


def write_report(run: Evaluation) -> dict[str, Any]:
    """Write report.json, report.md and the contact sheet into the folder of a run.

    Parameters
    ----------
    run : Evaluation
        From `evaluate`.

    Returns
    -------
    dict
        The numbers, as report.json holds them: IoU and accuracy in [0, 1], times in seconds.

    Raises
    ------
    OutputError
        When a file can't be written.
    """
    numbers = summary(run)
    folder = run.results.folder
    write_json_atomically(folder / NUMBERS, numbers)
    write_text_atomically(folder / TABLES, as_markdown(numbers))
    write_contact_sheet(folder / SHEET, run)
    return numbers


def summary(run: Evaluation) -> dict[str, Any]:
    """All figures of a run, as JSON.

    ``pooled`` adds up the pixels of all pictures before dividing; ``pictures`` is the mean of each
    picture's own mIoU. Both average over the classes that are in truth or were painted.
    """
    stages = list(run.pictures[0].stages)
    of_stage = {stage: _scores([picture.stages[stage] for picture in run.pictures]) for stage in stages}
    areas = pooled(picture.masks for picture in run.pictures)
    outlines = pooled(picture.boundaries for picture in run.pictures)
    iou, boundary = areas.iou(), outlines.iou()
    return {
        "settings": run.settings,
        "evaluated": len(run.pictures),
        "listed": len(run.dataset.pairs),
        "pooled mIoU": areas.mean_iou(),
        "mean mIoU of pictures": of_stage[stages[-1]]["pictures"],
        "pixel accuracy": areas.accuracy(),
        "boundary IoU": outlines.mean_iou(),
        "stages": of_stage,
        "classes": [
            {
                "name": name,
                "IoU": iou.get(k),
                "boundary IoU": boundary.get(k),
                "pixels": areas.of.get(k, [0] * 3)[2],
            }
            for k, name in enumerate(run.dataset.names)
        ],
        "seconds": _seconds(run.pictures),
        "skipped": run.bad,
        "warnings": run.warnings,
        "python": platform.python_version(),
    }


def as_markdown(numbers: dict[str, Any]) -> str:
    """The figures as Markdown, with a row for each stage and for each class."""
    settings = numbers["settings"]
    names = "its own names" if settings["naming"] == "plain" else f"names: {settings['naming']}"
    lines = [
        f"# {settings['dataset']}, {settings['split']}: {settings['protocol']}, {names}",
        "",
        f"Model {settings['model']}, method {settings['method']}, {_reading(settings)} "
        f"napari-ovseg {settings['version']}. "
        f"{numbers['evaluated']} of {numbers['listed']} pictures{_skipped_note(numbers)}.",
        "",
        *_table(
            ("pooled mIoU", "mean mIoU of pictures", "pixel accuracy", "boundary IoU"),
            [
                [
                    numbers[column]
                    for column in ("pooled mIoU", "mean mIoU of pictures", "pixel accuracy", "boundary IoU")
                ]
            ],
        ),
        "",
        *_table(
            ("after", "pooled mIoU", "mean mIoU of pictures"),
            [[stage, scores["pooled"], scores["pictures"]] for stage, scores in numbers["stages"].items()],
        ),
        "",
        *_table(
            ("class", "IoU", "boundary IoU"),
            [[entry["name"], entry["IoU"], entry["boundary IoU"]] for entry in numbers["classes"]],
        ),
        "",
        *_table(("stage", "seconds a picture"), [list(pair) for pair in numbers["seconds"].items()]),
        "",
    ]
    lines += [f"- Warning: {warning}" for warning in numbers["warnings"]]
    lines += [f"- Skipped {key}: {why}" for key, why in numbers["skipped"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _scores(pictures: list[Counts]) -> dict[str, float | None]:
    own = [score for score in (picture.mean_iou() for picture in pictures) if score is not None]
    return {"pooled": pooled(pictures).mean_iou(), "pictures": float(np.mean(own)) if own else None}


def _seconds(pictures: list[PictureResult]) -> dict[str, float]:
    """Mean seconds of each stage over the pictures that went through it."""
    stages = list(dict.fromkeys(stage for picture in pictures for stage in picture.seconds))
    return {
        stage: float(np.mean([picture.seconds[stage] for picture in pictures if stage in picture.seconds]))
        for stage in stages
    }


def _reading(settings: dict[str, Any]) -> str:
    if settings["reading"] == "papers":
        return "relevance alone, as papers score it,"
    return f"preset {settings['preset']}, seed {settings['seed']}, background pack {settings['pack']},"


def _skipped_note(numbers: dict[str, Any]) -> str:
    return f", {len(numbers['skipped'])} skipped" if numbers["skipped"] else ""


def _table(columns: tuple[str, ...], rows: list[list[Any]]) -> list[str]:
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return head + ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    # a bar would end the cell
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def report_files(folder: Path) -> list[Path]:
    """What `write_report` writes, to be named to the user."""
    return [folder / name for name in (NUMBERS, TABLES, SHEET)]
