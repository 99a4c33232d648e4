"""Which room may know which: the arrow of docs/architecture.md, read off the import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_ovseg"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module may import rooms with a lower number, and its own room.
LEVELS = {
    "version": -1,
    "file_names": -1,
    "errors": 0,
    "separators": 0,
    "colours": 0,
    "units": 0,
    "atomic": 1,
    "categories": 1,
    "pictures": 1,
    "channel_colours": 1,
    "images": 2,
    "segmentation": 2,
    "picture_files": 2,
    "labelled": 3,
    "vocabularies": 3,
    "models": 3,
    "wording": 4,
    "settings": 5,
    "augmentation": 6,
    "pseudo_labels": 6,
    "export": 4,
    "single_image": 7,
    "annotation": 7,
    "imports": 7,
    "picture_relevance": 7,
    "distillation": 8,
    "suggestions": 8,
    "pipeline": 9,
    "corrections": 9,
    "batch": 10,
    "evaluation": 10,
    "demo": 10,
    "_napari": 11,
    "cli": 12,
}
ONLY_IN_NAPARI = {"napari", "qtpy", "magicgui", "superqt", "vispy", "PyQt5", "PyQt6", "PySide6", "npe2"}
VAGUE = ("util", "helper", "manager", "misc", "common")
# What may not import torch at module level, so that help, errors and the widget come up at once.
LIGHT = (
    "version",
    "settings",
    "file_names",
    "errors",
    "atomic",
    "separators",
    "colours",
    "categories",
    "units",
    "pictures",
    "channel_colours",
    "images",
    "picture_files",
    "labelled",
    "vocabularies",
    "wording",
    "annotation",
    "export",
    "imports",
    "batch",
    "cli",
    "_napari",
    "__init__",
)
LIGHT_FILES = {"registry.py", "card.py", "method_names.py", "scenes.py"}


def room(module: Path) -> str:
    """Return the first part of the path inside the package: a room or a file at the top."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(module: Path, *, at_import_only: bool = False) -> Iterator[str]:
    """Yield the dotted name of all that a module imports, inside functions too unless asked otherwise."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    lazy = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.FunctionDef)
        or (isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test))
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if at_import_only and id(node) in lazy:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports by dots; write the full name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def rooms_imported(module: Path) -> set[str]:
    parts = (name.split(".") for name in imports(module))
    return {part[1] for part in parts if part[0] == "napari_ovseg" and len(part) > 1 and part[1] in LEVELS}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_points_back_up(module):
    if module == PACKAGE / "__init__.py":
        return
    own = room(module)
    assert own in LEVELS, f"say in LEVELS and in docs/architecture.md where {own} stands"
    wrong = {other for other in rooms_imported(module) if other != own and LEVELS[other] >= LEVELS[own]}
    assert not wrong, f"{own} must not import {wrong}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_napari_room_knows_the_window(module):
    found = {name.split(".")[0] for name in imports(module)} & ONLY_IN_NAPARI
    assert not found or room(module) == "_napari", f"{module} imports {found}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_light_modules_import_no_torch(module):
    if room(module) in LIGHT or module.name in LIGHT_FILES:
        heavy = {name.split(".")[0] for name in imports(module, at_import_only=True)}
        assert not heavy & {"torch", "open_clip", "timm"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_named_after_what_they_do(module):
    assert not any(word in module.stem.lower() for word in VAGUE)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_method_knows_no_kind_of_model(module):
    """What is asked of a model is asked by its protocol or its card, so that any kind can answer."""
    if room(module) in {"pipeline", "picture_relevance", "suggestions", "wording", "batch", "annotation"}:
        assert not any(name.startswith("napari_ovseg.models.clip") for name in imports(module))


def test_every_room_is_found():
    assert {"errors", "categories", "images", "models"} <= {room(module) for module in MODULES}
