"""What the bundled model knows, without loading it."""

from __future__ import annotations

import subprocess
import sys

from napari_ovseg.categories import Category
from napari_ovseg.models.card import unknown_words
from napari_ovseg.models.photos.card import PhotosCard
from napari_ovseg.models.registry import listed, unknown_note


def test_only_of_the_bundled_model_is_it_known_which_words_it_saw():
    assert listed("ViT-B-16-quickgelu/openai").known_words is None
    assert listed("") is None
    known = listed(" demo ").known_words
    assert known is not None
    assert {"nuclei", "red", "chequered"} <= known
    assert "person" not in known
    assert "" not in known


def test_words_are_named_once_in_typed_order_whatever_their_case():
    known = {"red", "cell"}
    typed = ["Red Käfer-cell", Category("dog", ("red dog", "hound_2"))]
    assert unknown_words(typed, known) == ("käfer", "dog", "hound")
    assert unknown_words(typed, None) == ()


def test_the_model_says_the_same():
    from napari_ovseg import load_model

    model = load_model("demo", device="cpu")
    assert model.card is listed("demo")
    assert model.card.unknown_words(["red person"]) == ("person",)


def test_the_model_for_photos_is_named_where_it_knows_a_word(monkeypatch):
    clip = "ViT-B-16-quickgelu/openai (599 MB)."
    how = 'pip install "napari-ovseg[photos]"'
    for here, said in ((True, "installed"), (False, how)):
        monkeypatch.setattr(PhotosCard, "is_here", lambda self, here=here: here)
        note = unknown_note(listed("demo"), ["integrity, dog"])
        assert note.endswith(f"integrity, dog. For photos choose photos ({said}) or {clip}")
        for model in ("demo", "photos"):
            assert f"For photos choose {clip}" in unknown_note(listed(model), ["integrity"])


def test_nothing_is_loaded_to_find_out():
    code = (
        "import sys; from napari_ovseg import sharper_names;"
        "from napari_ovseg.models.registry import listed;"
        "assert list(sharper_names('person, nucleus', listed('demo').known_words)) == ['nucleus'];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
