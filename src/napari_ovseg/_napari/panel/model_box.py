"""The list of models: any of the registry, any other name that is typed, or a local file; a view only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QLineEdit
from superqt.utils import signals_blocked

from napari_ovseg._napari.panel.choice_box import ChoiceBox

if TYPE_CHECKING:
    from napari_ovseg._napari.panel.model_choice import ModelChoice

LOCAL_FILE = "a local file of weights"


class ModelBox(ChoiceBox):
    """One entry is chosen, or a name is typed."""

    def __init__(self) -> None:
        super().__init__("The model that looks at the picture; any other open_clip name can be typed.")
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._by_hand = False
        self._before_suited: tuple[str, str] | None = None
        self.activated.connect(self._take_hand)
        self._line().textEdited.connect(self._take_hand)

    def offer_models(self, models: Sequence[ModelChoice], selected: str) -> None:
        """Fill the list; `selected` may also be a name that is not in it. Only another choice is a change."""
        before = self.chosen_name()
        with signals_blocked(self):
            self.clear()
            for choice in models:
                self.offer(choice.title, choice, choice.note)
            self.offer(LOCAL_FILE, LOCAL_FILE, "The row below asks which, and for what architecture.")
            names = [choice.name for choice in models]
            if selected in names:
                self.setCurrentIndex(names.index(selected))
                self._show_beginning()
            else:
                self.setEditText(selected)
            self.tell()
        if self.chosen_name() != before:
            self.currentTextChanged.emit(self.currentText())

    def suit(self, models: Sequence[ModelChoice], suited: str) -> None:
        """Choose the model that suits a picture, unless a person has chosen one.

        With `suited` empty, what was chosen before the last such picture comes back, if nothing else was
        chosen meanwhile.
        """
        name = self.chosen_name()
        if self._by_hand or name == suited:
            return
        before, self._before_suited = self._before_suited, None
        if suited:
            self.offer_models(models, suited)
            self._before_suited = name, suited
        elif before is not None and before[1] == name:
            self.offer_models(models, before[0])

    def choose(self, models: Sequence[ModelChoice], name: str) -> None:
        """Choose a model for a person, who has asked for it."""
        self._take_hand()
        self.offer_models(models, name)

    def chosen(self) -> ModelChoice | str:
        """The entry chosen, or the name typed."""
        typed = self.currentText().strip()
        index = self.findText(typed)
        choice: Any = self.itemData(index) if index >= 0 else typed
        return choice

    def chosen_name(self) -> str:
        """The name of the model that is chosen, as it is typed; `LOCAL_FILE` for a file."""
        choice = self.chosen()
        return choice if isinstance(choice, str) else choice.name

    def _show_beginning(self) -> None:
        """Show of a name that is too long for the box its beginning, which tells it from others."""
        line = self._line()
        if self.fontMetrics().horizontalAdvance(line.text()) > line.width():
            line.setCursorPosition(0)

    def _take_hand(self) -> None:
        self._by_hand = True

    def _line(self) -> QLineEdit:
        line = self.lineEdit()
        assert line is not None
        return line
