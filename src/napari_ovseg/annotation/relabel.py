"""What renaming, merging and deleting a category do to the pixels and scores of one slice.

Nothing is changed in place: each function returns another slice, and arrays that stay the same are shared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.segmentation import State


def replaced(labels: Labels, id: int, by: int) -> Labels:
    """Return labels of any shape in which every pixel of one id has another."""
    return np.where(labels == id, labels.dtype.type(by), labels)


def after_renaming(piece: SliceAnnotation, old: str, new: str) -> SliceAnnotation:
    """Return a slice in which what is known of a name is known of the new one."""
    presence = {new if name == old else name: sure for name, sure in piece.presence.items()}
    record = piece.record
    if old in record.get("absent", ()):
        record = record | {"absent": [new if name == old else name for name in record["absent"]]}
    if old in (meant := record.get("stands_for", {})):
        record = record | {"stands_for": {new if name == old else name: by for name, by in meant.items()}}
    return replace(piece, presence=presence, record=record)


def after_merging(piece: SliceAnnotation, source: NamedLabel, into: NamedLabel) -> SliceAnnotation:
    """Return a slice in which all of `source`, painted by a person or not, belongs to `into`."""
    presence = {name: sure for name, sure in piece.presence.items() if name != source.name}
    if source.name in piece.presence:
        presence[into.name] = max(piece.presence[source.name], presence.get(into.name, 0.0))
    return replace(
        piece,
        masks=replaced(piece.masks, source.id, into.id),
        human=replaced(piece.human, source.id, into.id),
        pseudo_labels=_replaced(piece.pseudo_labels, source.id, into.id),
        presence=presence,
        state=None if piece.state is None else _merged(piece.state, source.id, into.id),
    )


def after_deleting(piece: SliceAnnotation, label: NamedLabel) -> SliceAnnotation:
    """Return a slice without a category.

    Where a person had painted it nobody has any more; its masks become background that no one is sure of, and
    its pseudo-labels void, until an update decides.
    """
    void = void_of(piece.human)
    confidence = piece.confidence
    if confidence is not None:
        confidence = np.where(piece.masks == label.id, np.float32(0), confidence)
    return replace(
        piece,
        masks=replaced(piece.masks, label.id, 0),
        human=replaced(piece.human, label.id, void),
        pseudo_labels=_replaced(piece.pseudo_labels, label.id, void),
        confidence=confidence,
        presence={name: sure for name, sure in piece.presence.items() if name != label.name},
        state=None if piece.state is None else _deleted(piece.state, label.id),
    )


def _replaced(labels: Labels | None, id: int, by: int) -> Labels | None:
    return None if labels is None else replaced(labels, id, by)


def _merged(state: State, source: int, into: int) -> State:
    """The scores are shares of one whole, so those of two categories add up."""
    if source not in state.ids:
        return state
    if into not in state.ids:
        return replace(state, ids=tuple(into if id == source else id for id in state.ids))
    row = 1 + state.ids.index(source)
    scores = np.delete(state.scores, row, axis=0)
    ids = tuple(id for id in state.ids if id != source)
    scores[1 + ids.index(into)] += state.scores[row]
    return replace(state, ids=ids, scores=scores)


def _deleted(state: State, id: int) -> State:
    """What the deleted category had goes to the others by their shares; to background if they have none."""
    if id not in state.ids:
        return state
    scores = np.delete(state.scores, 1 + state.ids.index(id), axis=0)
    left = scores.sum(axis=0)
    scores[0, left == 0] = 1
    scores /= np.where(left == 0, 1, left)
    return replace(state, ids=tuple(other for other in state.ids if other != id), scores=scores)
