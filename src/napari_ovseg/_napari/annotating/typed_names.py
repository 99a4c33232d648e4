"""What stands in the names box, kept in step with the table of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_ovseg.annotation.typed import to_type, typed_after
from napari_ovseg.categories import format_categories

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPlainTextEdit

    from napari_ovseg._napari.annotating.annotator import Annotator
    from napari_ovseg.labelled import NamedLabel


class TypedNames:
    """The names to run with next.

    Parameters
    ----------
    box : QPlainTextEdit
        Where they are typed.
    annotator : Annotator
        With the table of the picture under annotation.
    """

    def __init__(self, box: QPlainTextEdit, annotator: Annotator) -> None:
        self._box, self._annotator = box, annotator
        self._filled_in = ""

    def take(self) -> None:
        """Type the names of the table, in the place of what stands there."""
        annotated = self._annotator.current
        if annotated is not None:
            words = [] if annotated.background is None else [annotated.background]
            names = to_type(annotated.table.labels)
            self._box.setPlainText(format_categories([*names, *words]) if names else "")

    def follow(self, before: tuple[NamedLabel, ...]) -> None:
        """Do to the names that are typed what was done to the table; those not run yet stay."""
        annotated = self._annotator.current
        text = self._box.toPlainText()
        after = None if annotated is None else typed_after(text, before, annotated.table.labels)
        if after is not None:
            self._box.setPlainText(after)

    def fill_in(self, names: list[str]) -> None:
        """Type the names that come with a sample, unless a person has typed their own."""
        if self._box.toPlainText() in ("", self._filled_in):
            self._filled_in = "\n".join(names)
            self._box.setPlainText(self._filled_in)
