"""The row that offers to go on with saved work when its picture is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.background import Background
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.inside import is_earlier, outermost
from napari_ovseg.annotation.last_save import state_of
from napari_ovseg.annotation.news import digest_of
from napari_ovseg.annotation.resuming import Found, look_up, not_looked_up
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.errors import InputError, OvsegError


@dataclass(frozen=True)
class Resumed:
    """Saved work that was loaded again.

    Attributes
    ----------
    found : Found
    annotation : Annotation
    sidecar : Sidecar
        To which new work on it goes.
    digests : dict of tuple of int to str
        Of the human pixels of each slice, see `news.digest_of`: read here, in the background.
    """

    found: Found
    annotation: Annotation
    sidecar: Sidecar
    digests: dict[Position, str]


class ResumeOffer(QWidget):
    """Looks for saved work on a picture in the background; hidden unless there is some.

    Signals
    -------
    found(Found, picture)
        A picture's identity and where work on it belongs, whether or not there is any yet, and whether or not
        another picture was turned to meanwhile.
    accepted(Resumed)
        A person wants to go on, and the work is loaded.
    declined(Found)
        A person wants to start afresh; what was saved stays.
    failed(str, picture)
        Why it can't be known where work on a picture belongs.
    """

    found = Signal(object, object)
    accepted = Signal(object)
    declined = Signal(object)
    failed = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.resume = QPushButton("Resume")
        self.resume.setToolTip("Show the saved masks and go on with them.")
        self.earlier = QPushButton("Earlier")
        self.earlier.setToolTip("Other work on this picture that is kept: choose which to go on with.")
        self._others = QMenu(self.earlier)
        self._others.setToolTipsVisible(True)
        self.earlier.setMenu(self._others)
        self.ignore = QPushButton("Ignore")
        self.ignore.setToolTip("Start afresh; the saved work is kept, and Earlier offers it.")
        self.resume.clicked.connect(self._resume)
        self.ignore.clicked.connect(self._decline)
        self._background = Background(self)
        self._found: Found | None = None
        self._number = 0
        self._withdrawn = False
        self._without_damaged = False
        buttons = QHBoxLayout()
        buttons.addWidget(self.resume, 2)
        buttons.addWidget(self.earlier, 1)
        buttons.addWidget(self.ignore, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self.hide()

    def look(
        self,
        name: str,
        pixels: Any,
        path: str | Path | None = None,
        *,
        elsewhere: str | Path | None = None,
        earlier: Sequence[Path] = (),
        model: str | None = None,
        part: str = "",
        files: Sequence[Path] = (),
        picture: object = None,
    ) -> None:
        """Look for work on a picture and offer it in place of the last one's.

        Parameters
        ----------
        picture : object
            Comes back with the outcome. Other parameters as in `resuming.look_up`.
        """
        self.clear()
        known = partial(look_up, name, pixels, path, earlier=earlier, model=model, files=files)
        unknown = partial(not_looked_up, name, pixels, path, files=files)
        search = partial(_search, known, unknown, elsewhere=elsewhere, part=part)
        self._background.start(search, partial(self._looked, self._number, picture))

    def clear(self) -> None:
        """Offer nothing, also nothing that is still being looked for."""
        self._number += 1
        self._found = None
        self._withdrawn = False
        self.hide()

    def withdraw(self) -> None:
        """Offer nothing, but tell of what is still being looked for: where work is to be saved."""
        self._withdrawn = True
        self.hide()

    def offer(self, found: Found) -> None:
        """Offer what was found before."""
        self._found = found
        if found.sidecar is not None:
            self._offer(found, [found.summary, *found.remarks])

    @property
    def readable(self) -> bool:
        """Whether what is offered can be resumed."""
        return self._found is not None and self._found.readable

    def wait(self, seconds: float) -> None:
        """Wait for what is being looked for or loaded, so long at most."""
        self._background.wait(seconds)

    def offer_again(self, found: Found, reason: str) -> None:
        """Offer work once more that was loaded and could not be shown; `reason` says what to do first."""
        self._found = found
        self._offer(found, [reason])

    def _looked(self, number: int, picture: object, outcome: Future[Found]) -> None:
        error = outcome.exception()
        if error is not None:
            self.failed.emit(_said(error), picture)
            return
        found = outcome.result()
        self.found.emit(found, picture)
        # emitting may have brought another picture
        if number == self._number and not self._withdrawn:
            self.offer(found)

    def _offer(self, found: Found, sentences: list[str], *, without_damaged: bool = False) -> None:
        self._without_damaged = without_damaged
        self.text.setText(" ".join(sentences))
        self.text.setToolTip(str(found.sidecar))
        self.resume.setText("Resume the rest" if without_damaged else "Resume")
        self.resume.setEnabled(found.readable)
        self.ignore.setEnabled(True)
        self._offer_earlier(found)
        self.show()

    def _offer_earlier(self, found: Found) -> None:
        self.earlier.setVisible(bool(found.others))
        self.earlier.setEnabled(True)
        self._others.clear()
        for sidecar, summary in found.others:
            entry = QAction(summary, self._others)
            entry.setToolTip(str(sidecar))
            entry.triggered.connect(lambda _checked, sidecar=sidecar: self._resume_other(sidecar))
            self._others.addAction(entry)

    def _resume_other(self, sidecar: Path) -> None:
        if self._found is None:
            return
        try:
            self._found = self._found.instead(sidecar)
        except InputError as error:
            self._offer(self._found, [str(error)])
            return
        self._without_damaged = False
        self._resume()

    def _resume(self) -> None:
        found = self._found
        if found is None or found.sidecar is None:
            return
        for button in (self.resume, self.earlier, self.ignore):
            button.setEnabled(False)
        load = partial(_load, found, found.sidecar, self._without_damaged)
        self._background.start(load, partial(self._loaded, self._number, found))

    def _loaded(self, number: int, found: Found, outcome: Future[Resumed]) -> None:
        if number != self._number:
            return
        error = outcome.exception()
        if error is None:
            self.clear()
            self.accepted.emit(outcome.result())
        elif isinstance(error, InputError) and not self._without_damaged:
            self._offer(found, [str(error)], without_damaged=True)
        else:
            self._offer(found, [_said(error)], without_damaged=self._without_damaged)

    def _decline(self) -> None:
        found = self._found
        self.clear()
        if found is not None:
            self.declined.emit(found)


def _search(
    known: Callable[..., Found], unknown: Callable[..., Found], *, elsewhere: str | Path | None, part: str
) -> Found:
    """Look; where that fails, find a place that needs no looking, so that no work is lost for it."""
    try:
        return known(elsewhere=elsewhere, part=part)
    except Exception as error:
        return unknown(elsewhere=elsewhere, part=part, reason=_said(error))


def _load(found: Found, folder: Path, without_damaged: bool) -> Resumed:
    sidecar = Sidecar(folder)
    annotation = sidecar.load(without_damaged=without_damaged)
    if is_earlier(folder):
        # it stays as it was: what is done from now on is the present work
        present = outermost(folder)
        sidecar = Sidecar(present, other=state_of(present))
    digests = {position: digest_of(piece.human) for position, piece in annotation.slices.items()}
    return Resumed(found, annotation, sidecar, digests)


def _said(error: BaseException) -> str:
    if isinstance(error, OvsegError):
        return str(error)
    return f"Saved work could not be looked for ({type(error).__name__}: {error})."
