"""Which room may know which: the arrow of docs/architecture.md, read off the import statements."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_ovseg"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAPARI = PACKAGE / "_napari"
IN_NAPARI = [module for module in MODULES if module.is_relative_to(NAPARI)]
# By their dotted names; a package is its __init__.
NAMES = {
    ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): module
    for module in MODULES
}

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
    "stretching": 1,
    "images": 2,
    "segmentation": 2,
    "labelled": 3,
    "views": 3,
    "vocabularies": 3,
    "models": 4,
    "wording": 5,
    "settings": 6,
    "levels": 7,
    "pseudo_labels": 7,
    "export": 5,
    "single_image": 8,
    "annotation": 8,
    "imports": 8,
    "picture_relevance": 8,
    "seen_in_look": 9,
    "look_choice": 10,
    "in_looks": 11,
    "closer": 10,
    "tried_looks": 11,
    "sight": 12,
    "context": 9,
    "distillation": 10,
    "suggestions": 10,
    "answers": 11,
    "pipeline": 13,
    "corrections": 13,
    "many": 14,
    "demo": 14,
    "large": 15,
    "training": 15,
    "evaluation": 15,
    "_napari": 16,
    "cli": 17,
}
# The same inside _napari/: what all rooms share, the rooms, and what connects them.
NAPARI_LEVELS = {
    "background": 0,
    "outside": 0,
    "preferences": 0,
    "remembered": 0,
    "keys": 1,
    "panel": 2,
    "layers": 3,
    "jobs": 4,
    "annotating": 5,
    "saving": 6,
    "files": 7,
    "panel_keys": 8,
    "panel_preferences": 8,
    "starting": 8,
    "widget": 9,
    "menu": 10,
    "demonstration": 10,
    "launch": 11,
}
ONLY_IN_NAPARI = {"napari", "qtpy", "magicgui", "superqt", "vispy", "PyQt5", "PyQt6", "PySide6", "npe2"}
# What may know of a model only what its protocol and its card say.
METHOD = {
    "seen_in_look",
    "look_choice",
    "in_looks",
    "closer",
    "levels",
    "sight",
    "wording",
    "picture_relevance",
    "context",
    "distillation",
    "answers",
    "pipeline",
    "large",
    "suggestions",
    "many",
    "annotation",
}
# What a viewer is and holds, for a type's sake too.
OF_A_VIEWER = ("napari.components", "napari.viewer", "napari.Viewer", "napari.layers")
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
    "labelled",
    "vocabularies",
    "wording",
    "annotation",
    "export",
    "imports",
    "many",
    "cli",
    "_napari",
    "__init__",
)
LIGHT_FILES = {
    "registry.py",
    "card.py",
    "adapted.py",
    "method_names.py",
    "scenes.py",
    "looks.py",
    "presets.py",
}
LIGHT_FILES |= {"sizes.py"}


def room(module: Path, inside: Path = PACKAGE) -> str:
    """Return the first part of the path inside a package: a room or a file at the top."""
    return module.relative_to(inside).with_suffix("").parts[0]


@cache
def parsed(module: Path) -> ast.Module:
    """Return the statements of a module, which most tests here ask for."""
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def imports(module: Path, *, at_import_only: bool = False) -> tuple[str, ...]:
    """Return the dotted name of all that a module imports, inside functions too unless asked otherwise."""
    return tuple(found_imports(parsed(module), module, at_import_only))


def found_imports(tree: ast.Module, module: Path, at_import_only: bool) -> Iterator[str]:
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


def rooms_imported(module: Path, package: str, levels: dict[str, int]) -> set[str]:
    """Return which rooms of a package a module imports."""
    inside = (name.removeprefix(f"{package}.") for name in imports(module) if name.startswith(f"{package}."))
    return {name.split(".")[0] for name in inside} & set(levels)


def breach_of_floors(module: Path, own: str, package: str, levels: dict[str, int]) -> str:
    """Return what a module has wrong, empty where it is right."""
    if own not in levels:
        return f"say in LEVELS and in docs/architecture.md where {own} stands"
    known = rooms_imported(module, package, levels)
    wrong = {other for other in known if other != own and levels[other] >= levels[own]}
    return f"{own} must not import {wrong}" if wrong else ""


def check(modules: Iterable[Path], breach: Callable[[Path], object]) -> None:
    """Fail with a line for each module that has something wrong, and with what it is."""
    found = {module.relative_to(PACKAGE): breach(module) for module in modules}
    assert len(found) > 20
    wrong = [f"{module}: {what}" for module, what in found.items() if what]
    assert not wrong, "\n".join(wrong)


def test_nothing_points_back_up():
    check(
        [module for module in MODULES if module != PACKAGE / "__init__.py"],
        lambda module: breach_of_floors(module, room(module), "napari_ovseg", LEVELS),
    )


def test_nothing_points_back_up_inside_the_napari_room():
    check(
        [module for module in IN_NAPARI if module != NAPARI / "__init__.py"],
        lambda module: breach_of_floors(module, room(module, NAPARI), "napari_ovseg._napari", NAPARI_LEVELS),
    )


def test_the_panel_knows_no_viewer():
    check(
        [module for module in IN_NAPARI if room(module, NAPARI) == "panel"],
        lambda module: [name for name in imports(module) if name == "napari" or name.startswith(OF_A_VIEWER)],
    )


def test_no_modules_know_each_other():
    """In whatever way, for a type's sake too: of those that do, none can be read alone."""
    try:
        TopologicalSorter({name: modules_imported(name, module) for name, module in NAMES.items()}).prepare()
    except CycleError as circle:
        pytest.fail(f"these import each other: {' -> '.join(circle.args[1])}")


def modules_imported(own: str, module: Path) -> set[str]:
    """Return the other modules of the package that a module imports, in functions and for types too."""
    # `from package import name` imports a module, or takes something out of one
    known = {name if name in NAMES else name.rpartition(".")[0] for name in imports(module)}
    return (known & set(NAMES)) - {own}


def test_only_the_napari_room_knows_the_window():
    check(
        [module for module in MODULES if room(module) != "_napari"],
        lambda module: {name.split(".")[0] for name in imports(module)} & ONLY_IN_NAPARI,
    )


def test_light_modules_import_no_torch():
    check(
        [module for module in MODULES if room(module) in LIGHT or module.name in LIGHT_FILES],
        lambda module: (
            {name.split(".")[0] for name in imports(module, at_import_only=True)}
            & {"torch", "open_clip", "timm"}
        ),
    )


def test_files_are_named_after_what_they_do():
    check(MODULES, lambda module: [word for word in VAGUE if word in module.stem.lower()])


def test_the_method_knows_no_kind_of_model():
    """What is asked of a model is asked by its protocol or its card, so that any kind can answer."""
    check(
        [module for module in MODULES if room(module) in METHOD],
        lambda module: [name for name in imports(module) if name.startswith("napari_ovseg.models.clip")],
    )


def test_every_room_is_found():
    assert {"errors", "categories", "images", "models"} <= {room(module) for module in MODULES}
