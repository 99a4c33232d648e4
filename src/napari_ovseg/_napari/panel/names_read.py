"""A line below the names that says how they are read, before anything is run; a view only."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPlainTextEdit, QSizePolicy
from superqt import QElidingLabel

from napari_ovseg._napari.panel.theme_colours import PROBLEM, Tinted
from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import InputError


class NamesRead(QElidingLabel):
    """Counts and lists the categories in a box of names as they are typed, or says why they can't be read.

    The line keeps its height, and its tooltip has what doesn't fit, one category a line.

    Parameters
    ----------
    names : QPlainTextEdit
        The box of names.
    """

    def __init__(self, names: QPlainTextEdit) -> None:
        super().__init__()
        self._names = names
        self._tint = Tinted(self)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        names.textChanged.connect(self.look)
        self.look()

    def look(self) -> None:
        """Read the names again."""
        typed = self._names.toPlainText()
        self._tint.set(None)
        if not typed.strip():
            self._say("", "")
            return
        try:
            categories = parse_categories(typed)
        except InputError as error:
            self._tint.set(PROBLEM)
            self._say(str(error), str(error))
            return
        shown = list(map(_shown, categories))
        count = sum(not category.background for category in categories)
        title = f"{count} name{'s' if count > 1 else ''}:"
        self._say(f"{title} {' | '.join(shown)}", "\n".join([title, *shown]))

    def _say(self, line: str, tip: str) -> None:
        self.setText(line)
        self.setToolTip(tip)


def _shown(category: Category) -> str:
    if category.background:
        return f"not: {', '.join(category.synonyms)}"
    return f"{category.name} = {', '.join(category.synonyms)}" if category.synonyms else category.name
