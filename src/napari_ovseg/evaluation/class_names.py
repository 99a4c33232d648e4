"""What classes are called: plainly, as the dataset does, and curated, as the model is better asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_ovseg.categories import BACKGROUND, Category
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.problems import BadDataset

BUNDLED = Path(__file__).parent / "names"
VOID_NAME = "void"
PLAIN = "plain"
NAMINGS = (PLAIN, "curated", "clip-es")


def lines_of(names: str, naming: str) -> tuple[tuple[str, ...], Path]:
    """The lines of a list of phrases, and their file.

    Parameters
    ----------
    names : str
        Whose classes, such as "voc".
    naming : str
        "plain", "curated" or, for "voc", "clip-es": the bundled lists; or the path of a file.

    Raises
    ------
    BadDataset
        When there is no such list or file.
    """
    bundled = {naming: BUNDLED / f"{names}.{naming}.txt" for naming in NAMINGS}
    bundled[PLAIN] = BUNDLED / f"{names}.txt"
    there = {naming: path for naming, path in bundled.items() if path.is_file()}
    path = there.get(naming, Path(naming))
    if not path.is_file():
        raise BadDataset(f"There is no file {naming}: --names takes {', '.join(there)} or a file of phrases.")
    return read_lines(path), path


def read_lines(path: Path) -> tuple[str, ...]:
    """Read a class file: one class a line, from the first mask value on; lines that start with # don't count.

    Raises
    ------
    BadDataset
        When there is no such file, it is no text, it names nothing or a class twice, a line between two names
        is empty, or "background" isn't the first class.
    """
    if not path.is_file():
        raise BadDataset(
            f"There is no class file {path}: write one class a line, the first for mask value 0."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataset(f"{path} is not text in UTF-8: save it again as plain text.") from error
    lines = [line.strip() for line in text.splitlines()]
    lines = "\n".join(line for line in lines if not line.startswith("#")).strip().splitlines()
    if not lines:
        raise BadDataset(f"{path} names no class: write one a line, the first for mask value 0.")
    names = tuple(BACKGROUND if line.casefold() == BACKGROUND else line for line in lines)
    _refuse(names, path)
    return names


def _refuse(names: tuple[str, ...], path: Path) -> None:
    """Refuse lists of which nobody can tell what mask value each name has, or which can't be counted."""
    if "" in names:
        raise BadDataset(
            f'{path} has an empty line after "{names[names.index("") - 1]}": remove it, or write '
            f'"{VOID_NAME}" there if it is a mask value that doesn\'t count.'
        )
    counted = [name for name in names if name != VOID_NAME]
    repeated = next((name for name in counted if counted.count(name) > 1), None)
    if repeated:
        raise BadDataset(f'{path} names "{repeated}" twice: give every class a name of its own.')
    if BACKGROUND in counted[1:]:
        raise BadDataset(
            f'{path} has "{BACKGROUND}" as class {names.index(BACKGROUND)}, counted from 0: only the first '
            "class can be that. Change the masks, or call it by what it shows."
        )


def categories_of(
    lines: Sequence[str], names: Sequence[str], path: Path
) -> tuple[tuple[Category, ...], Category | None]:
    """What to ask the model for: a category for each class but background, and the background words.

    Parameters
    ----------
    lines : sequence of str
        One for each class: its phrases separated by commas. That of the background holds the words for what
        is not wanted, or "background" where there are none.
    names : sequence of str
        The plain names, in the same order; "background", if there is one, comes first.
    path : Path
        Where the lines come from, for messages.

    Raises
    ------
    BadDataset
        When the lines don't fit the names, or hold what can't be a category.
    """
    if len(lines) != len(names):
        raise BadDataset(f"{path} has {len(lines)} lines for {len(names)} classes: write one for each.")
    categories, background = [], None
    for line, name in zip(lines, names, strict=True):
        phrases = tuple(part.strip() for part in line.split(","))
        try:
            if name != BACKGROUND:
                categories.append(Category(phrases[0], phrases[1:]))
            elif phrases != (BACKGROUND,):
                background = Category(BACKGROUND, phrases, background=True)
        except InputError as error:
            raise BadDataset(f"{path}, {name}: {error}") from error
    return tuple(categories), background
