"""Type what is in the picture, get editable masks: open-vocabulary segmentation for annotators.

The public names are loaded on first use, so that ``import napari_ovseg`` stays fast and imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from napari_ovseg.version import __version__

if TYPE_CHECKING:
    from napari_ovseg.categories import Category, parse_categories
    from napari_ovseg.corrections import refine
    from napari_ovseg.large import segment_large
    from napari_ovseg.models.clip.relevance import relevance_maps
    from napari_ovseg.models.loading import load_model
    from napari_ovseg.pipeline import Segmentation, segment, segment_maps
    from napari_ovseg.settings import Settings
    from napari_ovseg.suggestions import suggest
    from napari_ovseg.training import adapt, train_fast
    from napari_ovseg.training.zeroseg import zeroseg
    from napari_ovseg.wording import sharper_names

_HOMES = {
    "Category": "napari_ovseg.categories",
    "parse_categories": "napari_ovseg.categories",
    "load_model": "napari_ovseg.models.loading",
    "Segmentation": "napari_ovseg.pipeline",
    "segment": "napari_ovseg.pipeline",
    "segment_large": "napari_ovseg.large",
    "segment_maps": "napari_ovseg.pipeline",
    "refine": "napari_ovseg.corrections",
    "relevance_maps": "napari_ovseg.models.clip.relevance",
    "Settings": "napari_ovseg.settings",
    "suggest": "napari_ovseg.suggestions",
    "adapt": "napari_ovseg.training",
    "train_fast": "napari_ovseg.training",
    "sharper_names": "napari_ovseg.wording",
    "zeroseg": "napari_ovseg.training.zeroseg",
}

__all__ = [
    "Category",
    "Segmentation",
    "Settings",
    "__version__",
    "adapt",
    "load_model",
    "parse_categories",
    "refine",
    "relevance_maps",
    "segment",
    "segment_large",
    "segment_maps",
    "sharper_names",
    "suggest",
    "train_fast",
    "zeroseg",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
