from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.text import TextBank, cache_folder, token_count

TEMPLATES = ("a photo of a {}.", "a small {}", "{}")


@pytest.fixture
def tokenizer():
    return open_clip.SimpleTokenizer(context_length=16)


@pytest.fixture
def bank(tiny, tokenizer):
    return TextBank(tiny, tokenizer, "weights-1", TEMPLATES)


def stored() -> list[Path]:
    return sorted((cache_folder() / "text").glob("*"))


def test_templates_are_averaged_as_unit_vectors(bank, tiny, tokenizer):
    vectors = tiny.encode_text(tokenizer(["a photo of a cat.", "a small cat", "cat"]), normalize=True)
    expected = vectors.mean(0) / vectors.mean(0).norm()
    result = bank.encode(["cat", "dog"])
    assert result.shape == (2, 24)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result[0], expected)


def test_a_second_run_reads_the_disk(bank, tiny):
    first = bank.encode(["cat", "dog"])
    assert len(stored()) == 2
    tiny.encode_text = None
    assert torch.equal(bank.encode(["dog", "cat"]), first[[1, 0]])


def test_weights_templates_and_phrases_have_entries_of_their_own(tiny, tokenizer):
    for model_id, templates, phrase in [
        ("1", ("{}",), "cat"),
        ("2", ("{}",), "cat"),
        ("1", ("a {}",), "cat"),
        ("1", ("{}", "a {}"), "cat"),
        ("1", ("{}",), "dog"),
    ]:
        TextBank(tiny, tokenizer, model_id, templates).encode([phrase])
    assert len(stored()) == 5


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=st.binary(max_size=200))
def test_a_corrupted_entry_is_computed_again(bank, rubbish):
    expected = bank.encode(["cat"])
    (entry,) = stored()
    entry.write_bytes(rubbish)
    assert torch.equal(bank.encode(["cat"]), expected)
    assert np.load(entry, allow_pickle=False).shape == (24,)


def test_an_entry_that_is_no_unit_vector_is_computed_again(bank):
    expected = bank.encode(["cat"])
    (entry,) = stored()
    for wrong in (np.zeros(24, np.float32), np.full(24, np.nan, np.float32), np.ones((2, 2), np.float32)):
        with entry.open("wb") as file:
            np.save(file, wrong)
        assert torch.equal(bank.encode(["cat"]), expected)


def test_pickles_are_not_opened(bank):
    expected = bank.encode(["cat"])
    (entry,) = stored()
    with entry.open("wb") as file:
        np.save(file, np.array([print], dtype=object), allow_pickle=True)
    assert torch.equal(bank.encode(["cat"]), expected)


def test_a_disk_that_cannot_be_written_costs_nothing_but_time(bank, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(blocked))
    assert bank.encode(["cat"]).shape == (1, 24)


def test_a_full_disk_leaves_no_half_entry(bank, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert bank.encode(["cat"]).shape == (1, 24)
    assert stored() == []


def test_five_hundred_words_are_too_long(bank):
    with pytest.raises(InputError, match="shorten it"):
        bank.encode(["cat", "very " * 500 + "small"])


@pytest.mark.parametrize("phrases", [[], [""], ["cat", "  "]])
def test_nothing_to_encode_is_an_input_error(bank, phrases):
    with pytest.raises(InputError, match="type"):
        bank.encode(phrases)


def test_braces_in_a_name_are_part_of_the_name(bank):
    assert bank.encode(["a {} b", "{0.__class__}"]).isfinite().all()


def test_tokens_are_counted_before_truncation(tokenizer):
    assert token_count(tokenizer, "cat") == 3
    assert token_count(tokenizer, "cat " * 40) == 42
