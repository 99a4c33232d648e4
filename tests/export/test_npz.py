from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings

from drawn import ids_of, labelled, void_of
from napari_ovseg.export import export


@settings(max_examples=40)
@given(labelled())
def test_numpy_alone_reads_everything(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("npz")
    export([one], folder, "npz")
    with np.load(folder / "a.ovseg.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["labels"], one.labels)
        assert file["labels"].dtype == one.labels.dtype
        assert file["ids"].tolist() == ids_of(one)
        assert file["names"].tolist() == [category.name for category in one.categories]
        assert [tuple(row) for row in file["colours"].tolist()] == [c.colour for c in one.categories]
        assert int(file["void"]) == void_of(one)
        assert [tuple(words) for words in json.loads(str(file["about"]))["synonyms"]] == [
            category.synonyms for category in one.categories
        ]
