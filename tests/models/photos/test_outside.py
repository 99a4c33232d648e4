"""Words that the table lacks: looked up where a sentence model is at hand, left alone elsewhere."""

from __future__ import annotations

import hashlib

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
    "known": np.array([True]),
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


def test_a_word_that_is_defined_nowhere_must_be_nearer_than_others(monkeypatch):
    far = WordTable(TABLE | {"vectors": 0.6 * TABLE["vectors"]})
    monkeypatch.setattr(outside, "_sentences", OneSentence)
    outside.learn(far, "puffin")
    assert far.find("puffin") is None
    assert not far.lacks("puffin")


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


@pytest.fixture
def half_filled(tmp_path, monkeypatch):
    """The known weights, and neither a config nor a tokenizer beside them."""
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(sentences, "SHA256", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setenv(sentences.FOLDER, str(tmp_path))
    outside._sentences.cache_clear()
    yield tmp_path
    outside._sentences.cache_clear()


def test_loading_it_prints_nothing_and_leaves_the_bars_of_others_on(capfd):
    pytest.importorskip("transformers")
    if sentences._folder() is None:
        pytest.skip("there is no sentence model: it is a tool of development, see docs/photos.md")
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.enable_progress_bar()
    try:
        sentences.Sentences.load()
        assert logging.is_progress_bar_enabled()
    finally:
        if not shown:
            logging.disable_progress_bar()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("config", [None, "{", "{}", '{"model_type": "bert"}'])
def test_a_half_filled_folder_is_refused(half_filled, config):
    pytest.importorskip("transformers")
    if config is not None:
        (half_filled / "config.json").write_text(config)
    with pytest.raises(ModelError, match="can't be loaded"):
        sentences.Sentences.load()


def test_a_named_folder_that_cannot_be_used_is_warned_of_and_the_word_stays_unknown(half_filled):
    words = WordTable(TABLE)
    (half_filled / "model.safetensors").unlink()
    with pytest.warns(UserWarning, match=r"NAPARI_OVSEG_SENTENCES can't be used: .* holds no model"):
        outside.learn(words, "puffin")
    assert words.lacks("puffin")


def test_nobody_who_named_no_folder_is_warned(half_filled, monkeypatch, recwarn):
    monkeypatch.delenv(sentences.FOLDER)
    monkeypatch.setattr(sentences, "_folder", lambda: None)
    outside.learn(WordTable(TABLE), "puffin")
    assert not recwarn.list
