"""Whether a person has painted in a slice since its last update; kept in the record, so saved with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_ovseg.categories import Labels, void_of

_LEARNT = "learnt"


def learnt_from(human: Labels) -> dict[str, str]:
    """Return what the record of a slice says of an update from these human pixels, ``(H, W)``."""
    return {_LEARNT: _digest(human)}


def is_news(human: Labels, record: Mapping[str, Any]) -> bool:
    """Whether human pixels, ``(H, W)``, are others than those of the last update; of none, whether any is."""
    known = record.get(_LEARNT)
    if known is None:
        return bool((human != void_of(human)).any())
    return bool(known != _digest(human))


def _digest(human: Labels) -> str:
    """Tell which pixels are a person's, and what they are, whatever the width of ids."""
    flat = human.ravel()
    where = np.flatnonzero(flat != void_of(human))
    digest = hashlib.blake2b(where.astype("<i8").tobytes(), digest_size=8)
    digest.update(flat[where].astype("<u2").tobytes())
    return digest.hexdigest()
