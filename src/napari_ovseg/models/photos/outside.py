"""Which classes stand for a word that the table lacks, where a sentence model is at hand."""

from __future__ import annotations

import os
import warnings
from functools import cache

import numpy as np

from napari_ovseg.errors import ModelError
from napari_ovseg.models.photos.choice import LIMITS, among_rivals, standing_for
from napari_ovseg.models.photos.sentences import FOLDER, Sentences
from napari_ovseg.models.photos.words import WordTable


def learn(table: WordTable, phrase: str) -> None:
    """Put a phrase into the table until the program ends; without a sentence model nothing happens."""
    sentences = _sentences()
    if sentences is None:
        return
    word = phrase.strip().casefold()
    near = (table.vectors @ sentences.encode([word]).T)[:, 0]
    # all that a class is a kind of has a row already
    order, weights = standing_for(among_rivals(near, table.rivals), np.zeros(len(near), bool))
    # nor does a table say what a word means that it lacks
    table.add(word, order, weights, bool(near.max() >= LIMITS.undefined))


@cache
def _sentences() -> Sentences | None:
    try:
        return Sentences.load()
    # transformers is no package that users need
    except (ModelError, ImportError) as error:
        if os.environ.get(FOLDER):
            warnings.warn(f"{FOLDER} can't be used: {error}", stacklevel=3)
        return None
