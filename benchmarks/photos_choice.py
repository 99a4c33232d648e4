"""How the settings of the model "photos" were chosen: ``python benchmarks/photos_choice.py [--every 16]``.

First, which words are known: the share of words of photos and of microscopy, for each of the limits by
itself. The limits were chosen on the words of the first two columns; nobody looked at the other two for that.
Then, which classes stand for a word, and how much each counts: each setting by itself, on the half of the VOC
photos that was chosen on (``photos.py --half chosen``), never the other. One run of each takes as long as
there. Both need the sentence model, see `napari_ovseg.models.photos.make_words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import torch
import typer
from sklearn.metrics import roc_auc_score

from napari_ovseg import load_model
from napari_ovseg.evaluation.class_names import PLAIN, lines_of
from napari_ovseg.models.photos.choice import LIMITS
from napari_ovseg.models.photos.classes import Classes
from napari_ovseg.models.photos.make_words import named_by, people_among, worn_by
from napari_ovseg.models.photos.model import PhotosModel
from napari_ovseg.models.photos.senses import Senses
from napari_ovseg.models.photos.sentences import Sentences
from napari_ovseg.models.photos.words import CLASSES
from napari_ovseg.vocabularies import read_vocabulary
from napari_ovseg.wording import PACKS
from photos import HALVES, NAMES, measure
from voc_photos import figures, photos

SETTINGS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.05},
    {"temperature": 0.2},
    {"most": 10},
    {"most": 40},
    {"within": 0.15},
    {"within": 0.35},
]
LIMITS_TRIED = [
    LIMITS,
    *(replace(LIMITS, word=value) for value in (0.40, 0.42, 0.46, 0.48)),
    *(replace(LIMITS, definition=value) for value in (0.0, 0.38, 0.42, 0.44)),
    *(replace(LIMITS, undefined=value) for value in (0.44, 0.50, 0.60)),
]


def rows(classes: Classes, people: set[str], setting: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The classes of each of the 20 names with one setting, as `make_words` works them out, ``(1000,)``."""
    found = {}
    for name in NAMES:
        order, weights = worn_by(name, classes) if name in people else named_by(name, classes, **setting)
        row = torch.zeros(CLASSES)
        row[torch.from_numpy(order)] = torch.from_numpy(np.ceil(255 * weights) / 255).float()
        found[name] = row
    return found


def print_settings(classes: Classes, people: set[str], preset: str, every: int) -> None:
    """Print what each setting is worth on the photos that are chosen on."""
    model = load_model("photos")
    assert isinstance(model, PhotosModel)
    shown = photos("val")[HALVES["chosen"]][::every]
    truth = np.array([[k + 1 in photo.present for k in range(len(NAMES))] for photo in shown])
    told = [k for k in range(len(NAMES)) if truth[:, k].any() and not truth[:, k].all()]
    print(f"\n{len(shown)} photos, {preset}\n")
    print("| setting | maps: mean mIoU | pooled | masks: mean mIoU | pooled | presence |")
    print("|---" * 6 + "|")
    encode = model.encode
    for setting in SETTINGS:
        row = rows(classes, people, setting)

        def settled(phrases: Sequence[str], *, row: Any = row, **options: Any) -> torch.Tensor:
            given = encode(phrases, **options)
            return torch.stack([row.get(phrase, one) for phrase, one in zip(phrases, given, strict=True)])

        with patch.object(model, "encode", settled):
            stages, sure, _ = measure(shown, model, preset)
        first, *_, last = stages.values()
        values = [*figures(shown, first), *figures(shown, last)]
        values.append(float(roc_auc_score(truth[:, told].ravel(), sure[:, told].ravel())))
        said = ", ".join(f"{key} {value:g}" for key, value in setting.items()) or "as shipped"
        print(f"| {said} | " + " | ".join(f"{value:.3f}" for value in values) + " |", flush=True)


def words_asked() -> dict[str, list[str]]:
    """Words of photos and of microscopy by where they are from, each word once."""
    everyday, microscopy = (
        [phrase.casefold() for one in read_vocabulary(name) for phrase in one.phrases]
        for name in ("everyday", "microscopy")
    )
    # the first is the background
    coco, ade = (lines_of(names, PLAIN)[0][1:] for names in ("coco-object", "ade20k"))
    packs = [
        word for name in ("microscopy", "histology", "electron microscopy") for word in PACKS[name].words
    ]
    found: dict[str, list[str]] = {}
    for title, words in {
        "everyday, VOC, COCO": [*everyday, *NAMES, *coco],
        "microscopy": microscopy,
        "ADE20K": ade,
        "packs of microscopy": packs,
    }.items():
        earlier = {word for some in found.values() for word in some}
        found[title] = sorted({word.casefold() for word in words} - earlier)
    return found


def print_limits(senses: Senses) -> None:
    """Print for each of the limits how many words of photos and of microscopy are known."""
    asked = words_asked()
    print(
        "| word | definition | undefined | "
        + " | ".join(f"{key} ({len(asked[key])})" for key in asked)
        + " |"
    )
    print("|---" * (3 + len(asked)) + "|")
    for limits in LIMITS_TRIED:
        shares = [np.mean([senses.is_known(word, limits) for word in words]) for words in asked.values()]
        values = f"{limits.word:.2f} | {limits.definition:.2f} | {limits.undefined:.2f}"
        print(f"| {values} | " + " | ".join(f"{share:.1%}" for share in shares) + " |", flush=True)


def main(
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "fast",
    every: Annotated[int, typer.Option(help="Of the photos chosen on, one in so many; 0 for none.")] = 1,
) -> None:
    """Print the tables."""
    classes = Classes(Sentences.load())
    senses = Senses(classes)
    print_limits(senses)
    if every:
        print_settings(classes, people_among(NAMES, senses), preset, every)


if __name__ == "__main__":
    typer.run(main)
