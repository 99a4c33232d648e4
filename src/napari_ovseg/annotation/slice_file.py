"""The arrays of one slice in one compressed file: pixels as they are, scores and confidence rounded.

Confidence is stored in 255 steps, scores and features in half precision: they say how sure the model was, and
an update continues from them; masks and human pixels come back bit by bit.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.annotation.document import SliceEntry
from napari_ovseg.errors import InputError
from napari_ovseg.segmentation import ANCHOR, State

Arrays = dict[str, NDArray[Any]]

# what reading an archive with any byte changed was seen to raise
_DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    AttributeError,
    TypeError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
_LABELS = ("masks", "human", "pseudo_labels")


def pack(annotation: SliceAnnotation) -> Arrays:
    """Return the arrays to store, by name.

    Raises
    ------
    InputError
        When masks or human pixels are not labels of one shape and of 8 or 16 bits.
    """
    arrays: Arrays = {"masks": annotation.masks, "human": annotation.human}
    if annotation.pseudo_labels is not None:
        arrays["pseudo_labels"] = annotation.pseudo_labels
    if annotation.confidence is not None:
        arrays["confidence"] = _in_255_steps(annotation.confidence)
    if annotation.state is not None:
        arrays["state_ids"] = np.array(annotation.state.ids, np.uint16)
        arrays["state_scores"] = _half(annotation.state.scores)
        arrays["state_anchor"] = np.array(annotation.state.anchor, np.float64)
        if annotation.state.features is not None:
            arrays["state_features"] = _half(annotation.state.features)
    problem = _problem(arrays, annotation.masks.shape)
    if problem:
        raise InputError(f"This slice can't be saved: {problem}.")
    return arrays


def unpack(arrays: Arrays, entry: SliceEntry) -> SliceAnnotation:
    """Return what `pack` was given, rounded as the file says."""
    state = None
    if "state_scores" in arrays:
        features = arrays.get("state_features")
        state = State(
            ids=tuple(arrays["state_ids"].tolist()),
            scores=arrays["state_scores"].astype(np.float32),
            features=None if features is None else features.astype(np.float32),
            # older files have none
            anchor=float(arrays.get("state_anchor", ANCHOR)),
        )
    sure = arrays.get("confidence")
    return SliceAnnotation(
        masks=arrays["masks"],
        human=arrays["human"],
        pseudo_labels=arrays.get("pseudo_labels"),
        confidence=None if sure is None else sure.astype(np.float32) / np.float32(255),
        presence=dict(entry.presence),
        state=state,
        record=dict(entry.record),
        done=entry.done,
    )


def digest_of(arrays: Arrays) -> str:
    """Return the checksum by which a slice that did not change is recognised."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def write(file: BinaryIO, arrays: Arrays) -> None:
    """Write packed arrays into an open file, as NumPy's own archive."""
    # NumPy itself compresses at level 6, which for large masks takes longer than work may be unsaved.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(path: Path, entry: SliceEntry) -> SliceAnnotation:
    """Read a slice and check it against what `annotation.json` says of it.

    Raises
    ------
    InputError
        When the file is missing, damaged, or another one than was saved.
    """
    damaged = "restore its folder from a backup, or load the rest without it"
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {damaged}.") from error
    except _DAMAGED as error:
        raise InputError(f"{path} is damaged and can't be read: {damaged}.") from error
    problem = _problem(arrays, entry.shape)
    if problem or digest_of(arrays) != entry.digest:
        raise InputError(f"{path} is not what was saved ({problem or 'its pixels differ'}): {damaged}.")
    return unpack(arrays, entry)


def _in_255_steps(values: Any) -> NDArray[np.uint8]:
    steps = np.asarray(values, np.float32) * np.float32(255)
    np.rint(steps, out=steps)
    # fmax and fmin turn NaN into the number; in place, as large pictures make each pass count
    np.fmin(np.fmax(steps, 0, out=steps), 255, out=steps)
    return steps.astype(np.uint8)


def _half(values: Any) -> NDArray[np.float16]:
    most = float(np.finfo(np.float16).max)
    return np.asarray(values, np.float32).clip(-most, most).astype(np.float16)


def _problem(arrays: Arrays, shape: tuple[int, ...]) -> str | None:
    """What doesn't fit together, in a few words."""
    masks, human = arrays.get("masks"), arrays.get("human")
    if masks is None or human is None:
        return "masks or human pixels are missing"
    if masks.dtype not in (np.uint8, np.uint16) or human.dtype != masks.dtype:
        return f"masks are {masks.dtype} and human pixels {human.dtype}, not both uint8 or both uint16"
    for name in (*_LABELS, "confidence"):
        if name in arrays and (arrays[name].shape != tuple(shape) or arrays[name].ndim != 2):
            return f"{name} is {arrays[name].shape} and should be {tuple(shape)}"
        if name in arrays and arrays[name].dtype not in (np.uint8, np.uint16):
            return f"{name} is {arrays[name].dtype}"
    scores, ids, features = (arrays.get(f"state_{name}") for name in ("scores", "ids", "features"))
    if (scores is None) != (ids is None) or (features is not None and scores is None):
        return "a part of the state is missing"
    if scores is not None and ids is not None and (scores.ndim != 3 or ids.shape != (len(scores) - 1,)):
        return f"scores are {scores.shape} for {ids.size} ids and background"
    if features is not None and features.ndim != 3:
        return f"features are {features.shape}, not three-dimensional"
    anchor = arrays.get("state_anchor")
    if anchor is not None and not (
        anchor.shape == () and anchor.dtype == np.float64 and 0 <= anchor < np.inf
    ):
        return "how strongly masks are held to the maps is no number"
    return None
