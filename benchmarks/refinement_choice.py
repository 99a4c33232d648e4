"""How the one setting was chosen, what chance had in it, and what each part of the recipe is worth.

    python benchmarks/refinement_choice.py grid --views 8      # cross-validation over photos, before learning
    python benchmarks/refinement_choice.py anchors --views 8   # the same: how much the maps weigh after it
    python benchmarks/refinement_choice.py parts --views 8     # the recipe less one part each

Counts of each photo and setting are kept in a temporary folder, so a run that was stopped goes on; remove
``napari-ovseg-voc-counts`` there after a change of the package.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from unittest import mock

import numpy as np
import typer
from tqdm import tqdm

from napari_ovseg import context, distillation
from napari_ovseg.pipeline import segment_maps
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.single_image import affinity, contrast, edges, head, turns
from voc_photos import Counts, Photo, Relevance, confusion, figures, folds, photos

KEPT = Path(gettempdir()) / "napari-ovseg-voc-counts"
FOLDS = 5
Setting = dict[str, Any]
WALKS = ((0.07, 0.97), (0.1, 0.97), (0.15, 0.98))
RECIPE: Setting = {}
GRID: list[Setting] = [
    {"walk": walk, "stop": "pseudo-labels"} | how
    for walk, how in product(WALKS, ({}, {"without": "power by picture"}))
]
ANCHORS: list[Setting] = [{"anchor": weight} for weight in (0.2, 0.8, 3.2)]
PARTS: list[Setting] = [
    RECIPE,
    {"without": "walk"},
    {"without": "power by picture"},
    {"without": "shift by picture"},
    {"without": "outlining"},
    {"without": "second turn"},
    {"without": "fine edges"},
]

app = typer.Typer(pretty_exceptions_enable=False)


@contextmanager
def changed(setting: Setting) -> Iterator[None]:
    """The package with other settings than its own."""
    temperature, chance = setting.get("walk", (affinity.TEMPERATURE, affinity.WALK))
    changes: list[tuple[object, str, object]] = [
        (affinity, "TEMPERATURE", temperature),
        (affinity, "WALK", chance),
    ]
    if "anchor" in setting:
        changes.append((turns, "anchor", partial(head.anchor, weight=setting["anchor"])))
    if "stop" in setting:
        changes.append((distillation, "_learnt", lambda *_: {}))
    without: dict[str | None, tuple[object, str, object]] = {
        "walk": (distillation, "walk", lambda maps, deep: maps),
        "power by picture": (context, "POWER_FACTORS", {1.0: 1.0}),
        "shift by picture": (contrast, "SHIFTS", {0.0: 1.0}),
        "outlining": (distillation, "sharpen", lambda scores, picture, on_round: scores),
        "second turn": (turns, "TURNS", 1),
        "fine edges": (distillation, "sharpen_finely", edges.sharpen),
    }
    if "without" in setting:
        changes.append(without[setting["without"]])
    with ExitStack() as stack:
        for owner, name, value in changes:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def counts_of(setting: Setting, shown: list[Photo], relevance: Relevance) -> dict[str, list[Counts]]:
    """Counts of each photo after the last two stages, and seconds of one core."""
    kept = KEPT / hashlib.sha1(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:12]
    kept.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Counts]] = {}
    for photo in tqdm(shown, desc=json.dumps(setting)):
        file = kept / f"{photo.key}-{relevance.views}.npz"
        if not file.exists():
            maps, features, start = relevance.maps(photo), relevance.features(photo), time.process_time()
            with changed(setting):
                stages = segment_maps(photo.picture, maps, features).stages
            seconds = np.array(time.process_time() - start)
            counted = {
                stage: confusion(photo, paint(soft, photo.truth.shape)[0])
                for stage, soft in list(stages.items())[-2:]
            }
            np.savez_compressed(file, seconds=seconds, **counted)
        with np.load(file) as stored:
            for stage in stored.files:
                found.setdefault(stage, []).append(stored[stage])
    return found


def chosen(shown: list[Photo], counts: list[list[Counts]], among: list[int]) -> int:
    """The setting with the best sum of both figures on some of the photos."""
    some = [shown[i] for i in among]
    return int(np.argmax([sum(figures(some, [of[i] for i in among])) for of in counts]))


def cross_validated(title: str, settings: list[Setting], shown: list[Photo], views: int) -> None:
    """Print each setting, and what choosing on the other folds gives on the fold held out."""
    relevance = Relevance(views)
    counts = [list(counts_of(setting, shown, relevance).values())[-1] for setting in settings]
    print(f"\n{title}, {len(shown)} photos, {views} views\n")
    print("| setting | mean of photos | pooled |\n|---|---|---|")
    for setting, of in zip(settings, counts, strict=True):
        print("| {} | {:.3f} | {:.3f} |".format(json.dumps(setting), *figures(shown, of)))
    held: dict[int, Counts] = {}
    picks = []
    for on, out in folds(len(shown), FOLDS):
        best = chosen(shown, counts, on)
        picks.append(json.dumps(settings[best]))
        held |= {i: counts[best][i] for i in out}
    mean, pooled = figures(shown, [held[i] for i in range(len(shown))])
    print(f"| chosen on the other {FOLDS - 1} folds, read on the one held out | {mean:.3f} | {pooled:.3f} |")
    print("\nchosen: " + "; ".join(picks))


@app.callback(invoke_without_command=True)
def all_tables(context: typer.Context) -> None:
    """Print all tables where no command says which."""
    if context.invoked_subcommand is None:
        grid()
        anchors()
        parts()


@app.command()
def grid(views: int = 8, every: int = 1) -> None:
    """Cross-validation of what comes before learning, by the pseudo-labels."""
    cross_validated("Pseudo-labels", GRID, photos("val", every), views)


@app.command()
def anchors(views: int = 8, every: int = 1) -> None:
    """Cross-validation of how much the maps weigh beside what was learnt, by the masks."""
    cross_validated("Masks", ANCHORS, photos("val", every), views)


@app.command()
def parts(views: int = 8, every: int = 1) -> None:
    """The recipe less one part each, and with two views."""
    shown = photos("val", every)
    print("| recipe | mean of photos | pooled | s of one core |\n|---|---|---|---|")
    for setting, seen in [*((setting, views) for setting in PARTS), (RECIPE, 2)]:
        found = counts_of(setting, shown, Relevance(seen))
        seconds = np.mean(found.pop("seconds"))
        if setting == RECIPE:
            print(
                "| {} views, no edges | {:.3f} | {:.3f} | |".format(seen, *figures(shown, found["distilled"]))
            )
        print(
            "| {} views, {} | {:.3f} | {:.3f} | {:.2f} |".format(
                seen, json.dumps(setting), *figures(shown, found["edges"]), seconds
            )
        )


if __name__ == "__main__":
    app()
