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
    return {_LEARNT: digest_of(human)}


def learnt_in(record: Mapping[str, Any]) -> str | None:
    """Return the digest of the human pixels that the last update has learnt from; None where none has."""
    return record.get(_LEARNT)


def with_learnt(record: dict[str, Any], digest: str | None) -> dict[str, Any]:
    """Return the record as after an update from other human pixels, or, for None, after none."""
    others = {key: value for key, value in record.items() if key != _LEARNT}
    return others if digest is None else others | {_LEARNT: digest}


def is_news(digest: str, record: Mapping[str, Any]) -> bool:
    """Whether human pixels are others than those of the last update; where there was none, whether any is.

    Parameters
    ----------
    digest : str
        Of the human pixels, see `digest_of`.
    record : mapping
        Of their slice.
    """
    known = record.get(_LEARNT)
    return digest != (NOBODY if known is None else known)


def digest_of(human: Labels) -> str:
    """Tell which pixels ``(H, W)`` are a person's, and what they are, whatever the width of ids."""
    flat = human.ravel()
    where = np.flatnonzero(flat != void_of(human))
    digest = hashlib.blake2b(where.astype("<i8").tobytes(), digest_size=8)
    digest.update(flat[where].astype("<u2").tobytes())
    return digest.hexdigest()


# where no pixel is a person's
NOBODY = digest_of(np.zeros((0, 0), np.uint8))
