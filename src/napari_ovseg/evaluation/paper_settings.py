"""With which values each method was scored by its authors, dataset by dataset, as their code has them.

MaskCLIP's published figures here come from tables of later papers; it is scored as NACLIP, but for positions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.models.clip.relevance import Method
from napari_ovseg.models.clip.towers import Positions


@dataclass(frozen=True)
class Setting:
    """How cosines become classes.

    Attributes
    ----------
    short_side : int
        Of the picture as it is shown, in pixels; the long side is 2048 at most.
    window, stride : int
        Of the sliding windows, in pixels.
    scale : float
        What cosines are multiplied by before the softmax.
    least : float
        A pixel whose likeliest phrase is less likely is background.
    least_area : float
        A class that wins no larger share of what isn't background is taken out.
    """

    short_side: int = 336
    window: int = 224
    stride: int = 112
    scale: float = 40.0
    least: float = 0.0
    least_area: float = 0.0


# how each repository interpolates position embeddings
POSITIONS: dict[Method, Positions] = {
    "cam": "clip-es",
    "maskclip": "maskclip",
    "clearclip": "sclip",
    "naclip": "sclip",
    "sclip": "sclip",
    "scclip": "sclip",
}
SHARED = Setting()
CLEARCLIP = Setting(short_side=448, window=448, stride=224, scale=50.0)
# a dataset that nobody scored, if it has a background
LEAST_ELSEWHERE = 0.1

_CITYSCAPES = replace(SHARED, short_side=560)
_STUFF = replace(SHARED, short_side=448)
_TENTH = replace(SHARED, least=0.1)
_NACLIP = {
    "cityscapes": _CITYSCAPES,
    "coco-stuff": _STUFF,
    "voc21": _TENTH,
    "context60": _TENTH,
    "coco-object": _TENTH,
}
SETTINGS: dict[str, dict[str, Setting]] = {
    "maskclip": _NACLIP,
    "naclip": _NACLIP,
    "sclip": {
        "cityscapes": _CITYSCAPES,
        "coco-stuff": _STUFF,
        "voc21": replace(_TENTH, scale=65.0, least_area=0.1),
        "context60": replace(_TENTH, scale=50.0),
        "coco-object": replace(_TENTH, scale=50.0),
    },
    "scclip": {
        "cityscapes": _CITYSCAPES,
        "voc21": replace(SHARED, scale=50.0, least=0.15, least_area=0.1),
        "context60": replace(SHARED, least=0.15),
        "coco-object": replace(SHARED, scale=55.0, least=0.35),
    },
    "clearclip": {
        "cityscapes": replace(CLEARCLIP, window=224),
        "voc21": replace(CLEARCLIP, least=0.5),
        "context60": replace(CLEARCLIP, least=0.15),
        "coco-object": replace(CLEARCLIP, least=0.4),
    },
}


def setting_of(method: Method, dataset: Dataset) -> Setting:
    """Return the values that the authors of a method use on a dataset.

    Raises
    ------
    InputError
        When no paper scores the method so.
    """
    if method not in SETTINGS:
        raise InputError(f"No paper scores {method} so: use --reading masks, or another --method.")
    base = CLEARCLIP if method == "clearclip" else SHARED
    if dataset.name in SETTINGS[method]:
        return SETTINGS[method][dataset.name]
    return replace(base, least=LEAST_ELSEWHERE) if dataset.has_background else base
