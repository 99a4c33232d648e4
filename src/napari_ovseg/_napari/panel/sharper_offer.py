"""An offer below the names: a sharper wording of ambiguous ones, to edit, take or dismiss; a view only."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.panel.text_box import TextBox
from napari_ovseg.categories import Category, format_categories, parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.models.registry import listed
from napari_ovseg.wording import sharper_names

# While someone types, a half-written name is no reason for an offer.
_PAUSE_MS = 700


class SharperOffer(QWidget):
    """Offers sharper names, one at a time, for what stands in a box of names; hidden unless there is one.

    Nothing is changed before a person takes the offer, and a name that was dismissed is not offered again.
    Words that the model never saw are no offer.

    Parameters
    ----------
    names : QPlainTextEdit
        The box of names.
    model : callable
        ``model() -> str``: the name of the one that is chosen.
    """

    def __init__(self, names: QPlainTextEdit, model: Callable[[], str]) -> None:
        super().__init__()
        self._names, self._model = names, model
        self._name = ""
        self._dismissed: set[str] = set()
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.question.setToolTip("The name has several senses; more words may say which one is meant.")
        self.wording = TextBox(2, with_control=False)
        self.wording.setToolTip("What the name will become; change it as you like.")
        self.use = QPushButton("Use")
        self.use.setToolTip("Write this into the names. It is used from the next run on.")
        self.dismiss = QPushButton("No")
        self.dismiss.setToolTip("Keep the name as it is, and don't ask again.")
        row = QHBoxLayout()
        row.addWidget(self.question, 1)
        row.addWidget(self.use)
        row.addWidget(self.dismiss)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.wording)
        self._pause = single_shot(self, self.look)
        self._pause.setInterval(_PAUSE_MS)
        names.textChanged.connect(self.look_soon)
        self.wording.submitted.connect(self._take)
        self.use.clicked.connect(self._take)
        self.dismiss.clicked.connect(self._dismiss)
        self.hide()

    def look_soon(self) -> None:
        """Look as soon as nothing has been typed or chosen for a moment."""
        self._pause.start()

    def look(self) -> None:
        """Offer the first name that has a sharper wording, or nothing."""
        try:
            card = listed(self._model())
            offers = sharper_names(self._names.toPlainText(), card.known_words if card else None)
        except InputError:
            offers = {}
        offer = next((one for name, one in offers.items() if name not in self._dismissed), None)
        if offer is None:
            self._name = ""
            self.hide()
            return
        if offer.name != self._name:
            self._name = offer.name
            self.question.setText(f"Sharper name for '{offer.name}'?")
            self.wording.setPlainText(format_categories([offer]))
        self.show()

    def _take(self) -> None:
        """Put the wording, as it was edited, in the name's place; what can't be read stays to be mended."""
        try:
            typed = parse_categories(self._names.toPlainText())
            instead = parse_categories(self.wording.toPlainText())
            names = parse_categories(
                [part for one in typed for part in (instead if one == Category(self._name) else (one,))]
            )
        except InputError as error:
            self.question.setText(str(error))
            return
        self._dismissed.add(self._name)
        self._names.setPlainText(format_categories(names))
        self.look()

    def _dismiss(self) -> None:
        self._dismissed.add(self._name)
        self.look()
