"""The Python of README.md and two pages in docs runs as printed; links and the reference lead somewhere."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

import napari_ovseg
from brought import PACKAGE
from napari_ovseg.demo import scenes
from napari_ovseg.models.clip.registry import CLIP_MODELS, DEMO_FOLDER

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.skipif(
    not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not trained yet"
)
@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/saving.md"])
@pytest.mark.usefixtures("little_training")
def test_examples_run(page, monkeypatch):
    """On a corner of the picture: there is less to look at, and things are enlarged as pages say."""
    picture, truth, things = scenes.sample_scene(3)
    cut = picture[:128, :80], truth[:128, :80], things
    monkeypatch.setattr(scenes, "sample_scene", {3: cut}.__getitem__)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)  # the pages say that blocks build on each other


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_example_of_an_own_model_is_the_one_that_is_tested():
    text = (ROOT / "docs/own_model.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert shown == {name: (PACKAGE / name).read_text(encoding="utf-8") for name in shown}
    assert len(shown) == 3


def test_sizes_in_the_readme_are_those_of_the_registry():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|.*\| (\d+) MB \|$", text, re.MULTILINE)
    assert rows
    for name, size in rows:
        assert CLIP_MODELS[name].megabytes == int(size)


def test_the_reference_has_all_public_names_and_no_others():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")]
    named = [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]
    public = {f"napari_ovseg.{name}" for name in napari_ovseg.__all__}
    assert public - {*named} == {"napari_ovseg.__version__"}
    assert len(named) == len({*named})
    for name in named:
        assert pkgutil.resolve_name(name).__doc__, f"{name} is not explained"
