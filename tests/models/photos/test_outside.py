"""Words that the table lacks: looked up where a sentence model is at hand, left alone elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg.errors import ModelError
from napari_ovseg.models.photos import outside, sentences
from napari_ovseg.models.photos.words import WordTable

TABLE = {
    "words": np.frombuffer(b"dog", np.uint8),
    "names": np.frombuffer("\n".join(f"class {k}" for k in range(1000)).encode(), np.uint8),
    "counts": np.array([1], np.uint8),
    "classes": np.array([1], np.uint16),
    "weights": np.array([255], np.uint8),
    "near": np.array([255], np.uint8),
    # 7 to 9 are near the sentence below, but an everyday word is nearer to 9
    "vectors": np.where(np.isin(np.arange(1000), [7, 8, 9])[:, None], [[0.8, 0.6]], [[0.1, 1]]),
    "rivals": np.where(np.arange(1000) == 9, 1.2, 0.0),
}


class OneSentence:
    """Whatever is said, it means the same."""

    def encode(self, texts):
        return np.array([[1.0, 0.0]], np.float32)


def test_a_word_is_looked_up_once_a_sentence_model_is_there(monkeypatch):
    words = WordTable(TABLE)
    monkeypatch.setattr(outside, "_sentences", OneSentence)
    outside.learn(words, " Puffin ")
    entry = words.find("puffin")
    assert entry is not None
    assert entry.class_names == ("class 7", "class 8")
    assert entry.near == pytest.approx(0.8)


def test_without_a_sentence_model_the_table_stays_as_it_is(monkeypatch):
    words = WordTable(TABLE)
    monkeypatch.setattr(outside, "_sentences", lambda: None)
    outside.learn(words, "puffin")
    assert words.lacks("puffin")


def test_other_weights_than_the_known_ones_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        sentences.Sentences.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"other")
    monkeypatch.setenv(sentences.FOLDER, str(tmp_path))
    with pytest.raises(ModelError, match="not all-MiniLM-L6-v2 as it is known here"):
        sentences.Sentences.load()
