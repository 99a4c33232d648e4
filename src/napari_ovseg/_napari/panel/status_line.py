"""One line that says how far a job is while one runs, and what comes next while none does; a view only."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QStackedWidget, QWidget
from superqt import QElidingLabel

from napari_ovseg._napari.panel.long_words import tip
from napari_ovseg._napari.panel.quiet_line import QuietLine

# A stage with more steps than this counts bytes, and its bar says enough.
_COUNTABLE = 10_000


class StatusLine(QStackedWidget):
    """A bar with words on it, or the next step: as high as each other, so that nothing moves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self._doing: dict[str, str] = {}
        self.next_step = QuietLine()
        self.next_step.setAccessibleName("Next step")
        self.progress = QProgressBar()
        # not the bar's own text: Qt writes nothing into a bar without a total, and cuts text at both ends
        self.progress.setTextVisible(False)
        self.stage = QElidingLabel()
        self.stage.setTextFormat(Qt.TextFormat.PlainText)
        self.stage.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.stage.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stage.setStyleSheet("background: transparent;")
        inside = QHBoxLayout(self.progress)
        inside.setContentsMargins(4, 0, 4, 0)
        inside.addWidget(self.stage)
        self.addWidget(self.next_step)
        self.addWidget(self.progress)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.fontMetrics().lineSpacing() + 6)

    def show_running(self, running: bool) -> None:
        """Show the bar, or the next step."""
        self.setCurrentWidget(self.progress if running else self.next_step)

    def show_progress(self, stage: str, done: int, total: int, time_left: str) -> None:
        """Show how far a stage is; without a total the bar is busy."""
        # Bytes of a large download do not fit into the bar's integers.
        self.progress.setRange(0, 1000 if total else 0)
        self.progress.setValue(1000 * done // total if total else 0)
        steps = f", {done} of {total}" if 1 < total < _COUNTABLE else ""
        # the time first: where the bar is too narrow for all of it, that stays
        said = (f"{time_left}: " if time_left else "") + f"{stage}{steps}"
        said = said[:1].upper() + said[1:]
        self.stage.setText(said)
        self.progress.setToolTip(tip(said))

    def show_next_step(self, words: str) -> None:
        """Say what a person who does not know the panel would do now."""
        self._words = words
        self._say()

    def show_meanwhile(self, who: str, doing: str) -> None:
        """Say behind it what goes on in the background, which nobody has to wait for; "" for nothing.

        Parameters
        ----------
        who : str
            What works there; another's words stay.
        doing : str
        """
        self._doing[who] = doing
        self._say()

    def _say(self) -> None:
        all_of_it = " ".join(filter(None, self._doing.values()))
        doing = f"({all_of_it})" if self._words and all_of_it else all_of_it.capitalize()
        self.next_step.say(f"{self._words} {doing}".strip())
