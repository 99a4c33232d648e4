"""The package of tests/colour_names as if it were installed, by a .dist-info folder as pip writes it."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from napari_ovseg.models import registry

PACKAGE = Path(__file__).parent / "colour_names"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, entries: dict[str, str] | None = None) -> None:
    """Install it, or other entry points of the same group in its place, until the test ends."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"][registry.GROUP] if entries is None else entries
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{registry.GROUP}]", *lines, ""]))
    for place in (folder, PACKAGE):
        monkeypatch.syspath_prepend(str(place))
    # what a test imports is forgotten when it ends
    for module in ("colour_names", "colour_names.model"):
        monkeypatch.delitem(sys.modules, module, raising=False)
