"""``napari-ovseg suggest`` from the outside."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from napari_ovseg import cli, parse_categories
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip import registry
from napari_ovseg.suggestions import Suggestion, Suggestions

BUNDLED = (registry.DEMO_FOLDER / "demo.safetensors").exists()


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", "suggest", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "scene.png"
    Image.fromarray(sample_scene(3)[0]).save(path)
    return path


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the model and the ranking: the order of the vocabulary."""
    seen: list[tuple] = []

    def load_model(name, **options):
        return SimpleNamespace(card=ModelCard(name), device="cpu")

    def suggest(image, vocabulary, *, model, preset, progress):
        seen.append((np.asarray(image).shape, vocabulary, model.card.name, preset))
        progress("Looking", 1, 1)
        score = {"cat": 0.9, "dog": 0.2, "elk": 0.1996, "fox": 0.0}
        ranked = tuple(Suggestion(one, score.get(one.name, 0.9), 0.5, 0.25, 1.0) for one in vocabulary)
        return Suggestions(ranked, 0.2, note="Left out: zebra.")

    monkeypatch.setattr("napari_ovseg.models.loading.load_model", load_model)
    monkeypatch.setattr("napari_ovseg.suggestions.suggest", suggest)
    return seen


def pasted(out: str) -> str:
    """What a shell makes of the last line."""
    option, text = shlex.split(out.strip().splitlines()[-1])
    assert option == "--labels"
    return text


@pytest.mark.parametrize(
    "names", ["cat; hen: chick, rooster; red ball", "hen: chick; cat", "5 $ note; it's; a `tick`; cat: tom"]
)
def test_the_best_are_a_table_and_a_line_to_paste(tmp_path, picture, asked, monkeypatch, capsys, names):
    file = tmp_path / "mine.txt"
    file.write_text(names.replace("; ", "\n"), encoding="utf-8")
    assert run(monkeypatch, picture, "--vocabulary", file, "--model", "demo", "--preset", "fast") == 0
    said = capsys.readouterr()
    assert parse_categories(pasted(said.out)) == parse_categories(names)
    assert asked == [((256, 256, 3), parse_categories(names), "demo", "fast")]
    assert "Warning: Left out: zebra." in said.err
    heading, *rows = said.out.split("\n\n")[0].splitlines()
    assert heading.split() == ["name", "score", "picture", "windows", "maps", "near"]
    assert [row.split()[0] for row in rows] == [str(1 + k) for k in range(len(rows))]
    assert all(row.split()[-5:] == ["0.90", "0.50", "0.25", "1.00", "-"] for row in rows)
    assert len({len(line) for line in (heading, *rows)}) == 1


def test_top_says_how_many(picture, asked, monkeypatch, capsys):
    options = ["--vocabulary", "everyday", "--model", "demo"]
    assert run(monkeypatch, picture, *options) == 0
    assert len(parse_categories(pasted(capsys.readouterr().out))) == 10
    assert run(monkeypatch, picture, *options, "--top", 3) == 0
    assert len(parse_categories(pasted(capsys.readouterr().out))) == 3


@pytest.mark.parametrize(("names", "line"), [("cat, dog, elk, fox", ["cat", "dog"]), ("elk, fox", None)])
def test_what_a_run_would_call_absent_is_not_offered(
    tmp_path, picture, asked, monkeypatch, capsys, names, line
):
    file = tmp_path / "mine.txt"
    file.write_text(names.replace(", ", "\n"), encoding="utf-8")
    assert run(monkeypatch, picture, "--vocabulary", file, "--model", "demo") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in names.split(", "))
    if line is None:
        assert "--labels" not in out
    else:
        assert "Those that score 0.2 or more:\n" in out
        assert [one.name for one in parse_categories(pasted(out))] == line


def test_what_is_wrong_is_one_line_and_no_model_is_loaded(tmp_path, picture, asked, monkeypatch, capsys):
    bad = tmp_path / "bad.txt"
    bad.write_text("dog\ncat:\n")
    for arguments, why in (
        ([picture, "--vocabulary", tmp_path / "no.txt"], "There is no vocabulary"),
        ([picture, "--vocabulary", bad], "Line 2 of the vocabulary"),
        ([tmp_path / "no.png", "--vocabulary", "driving"], "no.png"),
    ):
        assert run(monkeypatch, *arguments, "--model", "demo") == 2
        said = capsys.readouterr().err
        assert said.startswith("Error: ")
        assert why in said
        assert said.count("\n") == 1
    assert asked == []


@pytest.mark.skipif(not BUNDLED, reason="the bundled model is not trained yet")
def test_the_bundled_model_suggests_its_own_things(picture, monkeypatch, capsys):
    assert run(monkeypatch, picture, "--model", "demo", "--preset", "fast", "--top", 30) == 0
    names = {one.name for one in parse_categories(pasted(capsys.readouterr().out))}
    assert set(sample_scene(3)[2]) <= names
