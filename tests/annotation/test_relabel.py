import copy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.annotation.relabel import after_deleting, after_merging, after_renaming
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.segmentation import State

SHAPE = (3, 4)
LABELS = {id: NamedLabel(id, f"name {id}", (id, 0, 0)) for id in range(1, 6)}
VOID = 255


def pixels(with_void):
    ids = st.sampled_from([0, *LABELS, *([VOID] if with_void else [])])
    return arrays(np.uint8, SHAPE, elements=ids)


@st.composite
def slices(draw):
    ids = tuple(draw(st.lists(st.sampled_from(list(LABELS)), unique=True, max_size=4)))
    weights = draw(arrays(np.float32, (len(ids) + 1, 2, 2), elements=st.sampled_from([0.0, 1.0, 3.0])))
    weights[0][weights.sum(axis=0) == 0] = 1
    known = st.floats(0, 1)
    return SliceAnnotation(
        masks=draw(pixels(False)),
        human=draw(pixels(True)),
        pseudo_labels=draw(st.none() | pixels(True)),
        confidence=draw(st.none() | arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))),
        presence={LABELS[id].name: draw(known) for id in ids},
        state=draw(st.sampled_from([None, State(ids, weights / weights.sum(axis=0), None)])),
    )


ids = st.sampled_from(list(LABELS))


def same(a, b):
    """Whether two slices are alike, pixel for pixel."""
    return repr(a) == repr(b)


def score(state, id, y, x):
    return float(state.scores[(0, *state.ids).index(id), y, x])


@given(slices(), ids, ids)
def test_merging_gives_every_pixel_of_one_to_the_other(piece, source, into):
    if source == into:
        return
    before = copy.deepcopy(piece)
    merged = after_merging(piece, LABELS[source], LABELS[into])
    assert same(piece, before)
    for kind in ("masks", "human", "pseudo_labels"):
        old, new = getattr(piece, kind), getattr(merged, kind)
        if old is None:
            assert new is None
            continue
        assert new.dtype == old.dtype
        expected = [into if value == source else value for value in old.ravel().tolist()]
        assert new.ravel().tolist() == expected
    known = [
        piece.presence[name] for name in (LABELS[source].name, LABELS[into].name) if name in piece.presence
    ]
    assert LABELS[source].name not in merged.presence
    assert merged.presence.get(LABELS[into].name) == (max(known) if known else None)
    if piece.state is not None:
        state = merged.state
        assert source not in state.ids
        np.testing.assert_allclose(state.scores.sum(axis=0), 1, rtol=1e-6)
        for id in state.ids:
            parts = [part for part in ((source, into) if id == into else (id,)) if part in piece.state.ids]
            expected = sum(score(piece.state, part, 1, 0) for part in parts)
            np.testing.assert_allclose(score(state, id, 1, 0), expected, rtol=1e-6)


@given(slices(), ids)
def test_deleting_leaves_no_trace_and_nothing_else_changes(piece, id):
    before = copy.deepcopy(piece)
    left = after_deleting(piece, LABELS[id])
    assert same(piece, before)
    for kind, instead in (("masks", 0), ("human", VOID), ("pseudo_labels", VOID)):
        old, new = getattr(piece, kind), getattr(left, kind)
        if old is not None:
            assert new.dtype == old.dtype
            assert new.ravel().tolist() == [instead if v == id else v for v in old.ravel().tolist()]
    if piece.confidence is not None:
        assert left.confidence.dtype == np.float32
        assert (left.confidence[piece.masks == id] == 0).all()
        kept = piece.masks != id
        assert np.array_equal(left.confidence[kept], piece.confidence[kept])
    assert left.presence == {k: v for k, v in piece.presence.items() if k != LABELS[id].name}
    if piece.state is not None:
        assert id not in left.state.ids
        np.testing.assert_allclose(left.state.scores.sum(axis=0), 1, rtol=1e-6)
        gone = score(piece.state, id, 0, 1) if id in piece.state.ids else 0.0
        for other in (0, *left.state.ids):
            expected = score(piece.state, other, 0, 1) / (1 - gone) if gone < 1 else float(other == 0)
            np.testing.assert_allclose(score(left.state, other, 0, 1), expected, rtol=1e-5)


@given(slices(), ids)
def test_renaming_moves_what_is_known_of_the_name(piece, id):
    renamed = after_renaming(piece, LABELS[id].name, "new")
    assert renamed.presence.get("new") == piece.presence.get(LABELS[id].name)
    assert len(renamed.presence) == len(piece.presence)
    assert np.array_equal(renamed.masks, piece.masks)


def test_what_a_name_was_taken_for_stays_with_it():
    masks = np.zeros(SHAPE, np.uint8)
    piece = SliceAnnotation(
        masks=masks,
        human=np.full_like(masks, VOID),
        record={"stands_for": {"dog": "beagle", "cat": "tabby"}},
    )
    assert after_renaming(piece, "dog", "hound").record["stands_for"] == {"hound": "beagle", "cat": "tabby"}
    assert after_renaming(piece, "tree", "bush").record == piece.record
