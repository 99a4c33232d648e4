"""The training that was asked for last, kept for the next session, so that it can go on."""

from __future__ import annotations

from pathlib import Path

from napari_ovseg._napari.panel.training_kinds import KINDS, Plan
from napari_ovseg._napari.remembered import remembered

_KEY = "training/{}"


def keep_plan(plan: Plan) -> None:
    """Keep what a person asks for."""
    settings = remembered()
    kept = {
        "kind": plan.kind.ending,
        "folder": str(plan.folder),
        "teacher": plan.teacher,
        "output": str(plan.output),
        "steps": str(plan.steps),
    }
    for name, value in kept.items():
        settings.setValue(_KEY.format(name), value)


def last_plan() -> Plan | None:
    """Return what was asked for last; None where nothing was, or what is kept makes no sense."""
    settings = remembered()
    kept = {
        name: str(settings.value(_KEY.format(name), ""))
        for name in ("kind", "folder", "teacher", "output", "steps")
    }
    kind = next((one for one in KINDS if one.ending == kept["kind"]), None)
    if kind is None or not kept["steps"].isdigit() or not all(kept.values()):
        return None
    return Plan(kind, Path(kept["folder"]), kept["teacher"], Path(kept["output"]), int(kept["steps"]))
