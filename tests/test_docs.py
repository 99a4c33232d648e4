"""The Python of README.md and two pages in docs runs as printed; links in the repository lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brought import PACKAGE
from napari_ovseg.models.clip.registry import CLIP_MODELS, DEMO_FOLDER

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.skipif(
    not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not trained yet"
)
@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/saving.md"])
def test_examples_run(page):
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
