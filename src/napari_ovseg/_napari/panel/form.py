"""The panel's fields and buttons: a view only, that knows no viewer and starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.panel.category_actions import CategoryActions
from napari_ovseg._napari.panel.category_table import CategoryTable
from napari_ovseg._napari.panel.channels_row import ChannelsRow
from napari_ovseg._napari.panel.choice_box import ChoiceBox
from napari_ovseg._napari.panel.correct_controls import CorrectControls
from napari_ovseg._napari.panel.look_strip import LookStrip
from napari_ovseg._napari.panel.message_line import MessageLine
from napari_ovseg._napari.panel.model_box import LOCAL_FILE, ModelBox
from napari_ovseg._napari.panel.names_read import NamesRead
from napari_ovseg._napari.panel.reading import Key, Reading
from napari_ovseg._napari.panel.resume import ResumeOffer
from napari_ovseg._napari.panel.save_row import SaveRow
from napari_ovseg._napari.panel.settings_section import SettingsSection
from napari_ovseg._napari.panel.sharper_offer import SharperOffer
from napari_ovseg._napari.panel.slices_row import SlicesRow
from napari_ovseg._napari.panel.status_line import StatusLine
from napari_ovseg._napari.panel.take_in_row import TakeInRow
from napari_ovseg._napari.panel.text_box import TextBox
from napari_ovseg._napari.panel.weights_row import WeightsRow

if TYPE_CHECKING:
    from napari_ovseg._napari.panel.model_choice import ModelChoice

_SYNTAX = """What is in the picture? For example:
nuclei
dog: puppy, hound
background: grass, sky"""

_NAMES_HELP = """One name per line, or separated by commas.
"dog: puppy, hound" gives synonyms of one name.
"background: grass, sky" says what is not wanted.
Ctrl+Enter runs."""


class Form(QWidget):
    """The fields of a run, Run and Cancel, progress, a message, the table, corrections and saving.

    Signals
    -------
    changed()
        A field says something else about the next run.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = ChoiceBox("The picture to segment; follows the layer that is selected, and is shown.")
        self.only = QCheckBox("only")
        self.only.setToolTip(
            "Show only this picture: the layers of the others are hidden. Untick it to show them again."
        )
        self.channels = ChannelsRow()
        self.names = TextBox(5, with_control=True)
        self.names.setPlaceholderText(_SYNTAX)
        self.names.setToolTip(_NAMES_HELP)
        self.suggest = _button("Suggest", "Let the model find names that suit the picture, to choose from.")
        self.names_read = NamesRead(self.names)
        self.model = ModelBox()
        self.train = _button("Train...", "Train a model on a folder of your own pictures.")
        self.weights = WeightsRow()
        self.sharper = SharperOffer(self.names, self.model_name)
        self.settings = SettingsSection()
        settings = self.settings
        self.pack, self.preset, self.method = settings.pack, settings.preset, settings.method
        self.look, self.device, self.unload = settings.look, settings.device, settings.unload
        self.size_row = settings.size_row
        self.looks = LookStrip()
        self.run = _button("Run", "Find the names in the picture.")
        self.run_here = _button(
            "Run here",
            "Find the names only in what is in view, or inside the rectangle of the active shapes layer. "
            "What is outside of it, and what you painted, stays.",
        )
        self.run_in_tiles = _button(
            "Run in tiles...",
            "Find the names in all of this large picture at full detail, tile by tile, beginning with what "
            "is in view. The masks go into a file that you choose, and can be looked at as they are written.",
        )
        self.cancel = _button("Cancel", "Stop what is running; slices that are finished stay.")
        self.help = QToolButton()
        self.help.setText("?")
        self.help.setToolTip("All keys, and the documentation. Key: ?")
        self.status = StatusLine()
        self.progress, self.stage = self.status.progress, self.status.stage
        self.message = MessageLine()
        self.refusal = self._failure = ""
        self._kept = False
        self.table = CategoryTable()
        self.table_actions = CategoryActions(self.table)
        self.slices = SlicesRow()
        self.correct = CorrectControls()
        self.resume = ResumeOffer()
        self.take_in = TakeInRow()
        self.saving = SaveRow()
        # Or napari would leave the room below the table empty.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._lay_out()
        self.show_running(False)
        self.fields.setRowVisible(self.channels, False)
        self.offer_slices(())
        self.run_in_tiles.hide()

    def _lay_out(self) -> None:
        """Lay out all: above the table nothing comes and goes while a picture stays, so that no row moves."""
        self._lay_out_fields()
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 3)
        buttons.addWidget(self.run_here, 2)
        buttons.addWidget(self.cancel, 1)
        buttons.addWidget(self.help)
        layout = QVBoxLayout(self)
        layout.addLayout(self.fields)
        layout.addWidget(self.settings)
        layout.addLayout(buttons)
        layout.addWidget(self.run_in_tiles)
        layout.addWidget(self.status)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        # what comes and goes: the table gives it the room of its last rows, and no button moves
        for offer in (self.looks, self.sharper, self.resume, self.take_in, self.saving.problem):
            layout.addWidget(offer)
        layout.addWidget(self.table_actions)
        layout.addWidget(self.correct)
        layout.addWidget(self.saving)

    def _lay_out_fields(self) -> None:
        """Lay out the rows that have a title."""
        self.fields = QFormLayout()
        self.fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, field in (
            ("Picture", _side_by_side(self.image, self.only)),
            ("Read", self.channels),
            ("Slices", self.slices),
            (self._names_title(), self.names),
            ("", self.names_read),
            ("Model", _side_by_side(self.model, self.train)),
            ("Weights", self.weights),
        ):
            self.fields.addRow(title, field)
        for changed in (self.model.currentTextChanged, self.weights.architecture.textChanged):
            changed.connect(self.sharper.look_soon)
            changed.connect(lambda _text: self.settings.suit(self.model_name()))
        typed = (self.names, self.weights.architecture, self.weights.file)
        for edited in (*(box.textChanged for box in typed), self.model.currentTextChanged):
            edited.connect(lambda *_: self.changed.emit())
        self.channels.changed.connect(self.changed)
        self.size_row.changed.connect(self.changed)
        self.model.currentTextChanged.connect(
            lambda text: self.fields.setRowVisible(self.weights, text == LOCAL_FILE)
        )

    def _names_title(self) -> QWidget:
        """Lay out what stands beside the names box: its title, and the button that finds names for it."""
        title = QWidget()
        column = QVBoxLayout(title)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("Names"))
        column.addWidget(self.suggest)
        column.addStretch(1)
        return title

    def offer_readings(self, of: object, readings: Sequence[Reading], first: Key = None) -> None:
        """Offer the ways to read a picture; the row is hidden when there is nothing to choose."""
        self.channels.offer(of, readings, first)
        self.fields.setRowVisible(self.channels, len(readings) > 1)

    def offer_slices(self, lengths: Sequence[int]) -> None:
        """Offer the slices of a stack with these lengths; the row is hidden for a flat picture."""
        self.slices.offer(lengths)
        self.fields.setRowVisible(self.slices, bool(lengths))
        self.correct.offer_slices(bool(lengths))

    def offer_models(self, models: Sequence[ModelChoice], selected: str) -> None:
        """Fill the list of models; `selected` may also be a name that is not in it."""
        self.model.offer_models(models, selected)

    def chosen_model(self) -> ModelChoice | str:
        """The entry chosen, or the name typed; `LOCAL_FILE` when the row of weights says which."""
        return self.model.chosen()

    def model_name(self) -> str:
        """The name of the model that is chosen, or the architecture of a local file."""
        chosen = self.chosen_model()
        if chosen == LOCAL_FILE:
            return self.weights.architecture.text().strip()
        return chosen if isinstance(chosen, str) else chosen.name

    def show_running(self, running: bool, *, stopping: bool = False) -> None:
        """Enable what makes sense now; while a stopped run winds up, nothing can be started."""
        self.run.setEnabled(not running)
        self.run_here.setEnabled(not running)
        self.run_in_tiles.setEnabled(not running)
        self.suggest.setEnabled(not running)
        self.unload.setEnabled(not running)
        self.cancel.setEnabled(running and not stopping)
        self.status.show_running(running)
        self.show_progress("Stopping" if stopping else "Starting", 0, 0, "")

    def show_progress(self, stage: str, done: int, total: int, time_left: str) -> None:
        """Show how far a stage is; without a total the bar is busy."""
        self.status.show_progress(stage, done, total, time_left)

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Show one notice or error in the place of the last; in the place of "", why the last job failed."""
        self.refusal, self._kept = "", error
        self.message.say(text or self._failure, error=error or bool(not text and self._failure))

    def show_failure(self, text: str) -> None:
        """Show why a job failed, until the next one begins: also after what is said and done meanwhile."""
        self._failure = text
        self.show_message("")

    def begin_job(self) -> None:
        """Take back what was said of the job before; what is wrong besides, such as with saving, stays."""
        self._failure = ""
        if not self._kept:
            self.show_message("")

    def refuse(self, text: str) -> None:
        """Show why what was asked for can't be done, until it is mended or something else is done."""
        self.show_message(text, error=bool(text))
        self.refusal, self._kept = text, False

    def withdraw_refusal(self) -> None:
        """Take back a refusal: something was done since, or it is mended."""
        if self.refusal or (self._failure and not self._kept):
            self.show_message("")


def _side_by_side(wide: QWidget, narrow: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(wide, 1)
    layout.addWidget(narrow)
    return row


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tip)
    return button
