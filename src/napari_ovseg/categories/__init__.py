"""Typed names as categories with synonyms, when two names are the same, and the ids that stand for them."""

from __future__ import annotations

from napari_ovseg.categories.ids import (
    MAX_CATEGORIES,
    Labels,
    count_ids,
    ids_in,
    labels_dtype,
    void_id,
    void_of,
)
from napari_ovseg.categories.phrases import name_key, overlap, same_name, singular
from napari_ovseg.categories.typed import BACKGROUND, Category, format_categories, parse_categories

__all__ = [
    "BACKGROUND",
    "MAX_CATEGORIES",
    "Category",
    "Labels",
    "count_ids",
    "format_categories",
    "ids_in",
    "labels_dtype",
    "name_key",
    "overlap",
    "parse_categories",
    "same_name",
    "singular",
    "void_id",
    "void_of",
]
