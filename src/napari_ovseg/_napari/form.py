"""The panel's fields and buttons: a view only, that knows no viewer and starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.category_actions import CategoryActions
from napari_ovseg._napari.category_table import CategoryTable
from napari_ovseg._napari.colours import PROBLEM_COLOUR
from napari_ovseg._napari.correct_controls import CorrectControls
from napari_ovseg._napari.long_words import foldable
from napari_ovseg._napari.names_read import NamesRead
from napari_ovseg._napari.resume import ResumeOffer
from napari_ovseg._napari.save_row import SaveRow
from napari_ovseg._napari.sharper_offer import SharperOffer
from napari_ovseg._napari.slices_row import SlicesRow
from napari_ovseg._napari.take_in_row import TakeInRow
from napari_ovseg._napari.text_box import TextBox
from napari_ovseg._napari.weights_row import WeightsRow
from napari_ovseg.errors import InputError
from napari_ovseg.wording import GUESS, NONE, PACKS

if TYPE_CHECKING:
    from napari_ovseg._napari.model_choice import ModelChoice

PRESETS = ("fast", "balanced", "best")
PACK_CHOICES = (GUESS, NONE, *PACKS)
DEVICES = ("auto", "cuda", "mps", "cpu")
LOCAL_FILE = "a local file of weights"

_SYNTAX = """What is in the picture? For example:
nuclei
dog: puppy, hound
background: grass, sky"""

_NAMES_HELP = """One name per line, or separated by commas.
"dog: puppy, hound" gives synonyms of one name.
"background: grass, sky" says what is not wanted.
Ctrl+Enter runs."""

_PACK_HELP = (
    "What usually surrounds the things in such a picture; it competes with the names. "
    "guess takes what fits the picture, or none; the message after the run says which."
)
_PRESET_HELP = "How many views of the picture the model sees: more take longer and find more."
_UNLOAD_HELP = "Free the memory that models take; the next run loads its model again."
_DEVICE_HELP = "Where the model runs; auto takes the first of cuda, mps and cpu that is there."

# A stage with more steps than this counts bytes, and its bar says enough.
_COUNTABLE = 10_000


class Form(QWidget):
    """The fields of a run, Run and Cancel, progress, a message, the table, corrections and saving."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = _combo("The picture to segment; follows the layer that is selected.")
        self.channel_axis = _combo("Stacks are segmented slice by slice; say so if an axis holds channels.")
        self.channels = QLineEdit()
        self._offered_channels = ""
        self.channels.setToolTip("Up to three channels, counted from 0, that become red, green and blue.")
        self.names = TextBox(5, with_control=True)
        self.names.setPlaceholderText(_SYNTAX)
        self.names.setToolTip(_NAMES_HELP)
        self.suggest = _button("Suggest", "Let the model find names that suit the picture, to choose from.")
        self.names_read = NamesRead(self.names)
        self.sharper = SharperOffer(self.names, self.model_name)
        self.model = _combo("Which model looks at the picture; any other open_clip name can be typed.")
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.weights = WeightsRow()
        self.pack = ComboBox(choices=PACK_CHOICES, value=GUESS, tooltip=_PACK_HELP)
        self.preset = ComboBox(choices=PRESETS, value="balanced", tooltip=_PRESET_HELP)
        self.device = ComboBox(choices=DEVICES, tooltip=_DEVICE_HELP)
        self.run = QPushButton("Run")
        self.cancel = QPushButton("Cancel")
        self.unload = _button("Unload", _UNLOAD_HELP)
        self.progress = QProgressBar()
        # Qt writes nothing into a bar without a total.
        self.stage = QLabel()
        self.message = QLabel()
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
        self.offer_channel_axes([])
        self.offer_slices(())

    def _lay_out(self) -> None:
        self._lay_out_fields()
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 2)
        buttons.addWidget(self.cancel, 1)
        buttons.addWidget(self.unload, 1)
        inside = QHBoxLayout(self.progress)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.stage)
        self.stage.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.addLayout(self.fields)
        layout.addWidget(self.resume)
        layout.addWidget(self.take_in)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.table_actions)
        layout.addWidget(self.correct)
        layout.addWidget(self.saving)

    def _lay_out_fields(self) -> None:
        """Lay out the rows that have a title."""
        self.fields = QFormLayout()
        self.fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._channel_row = QWidget()
        row = QHBoxLayout(self._channel_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.channel_axis, 2)
        row.addWidget(self.channels, 1)
        for title, field in (
            ("Picture", self.image),
            ("Read", self._channel_row),
            ("Slices", self.slices),
            (self._names_title(), self.names),
            ("", self.names_read),
            ("", self.sharper),
            ("Background", self.pack.native),
            ("Model", self.model),
            ("Weights", self.weights),
            ("Preset", self.preset.native),
            ("Device", self.device.native),
        ):
            self.fields.addRow(title, field)
        self.channel_axis.currentIndexChanged.connect(self._show_channels)
        for changed in (self.model.currentTextChanged, self.weights.architecture.textChanged):
            changed.connect(self.sharper.look_soon)
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

    def offer_channel_axes(self, axes: Sequence[tuple[int, str]]) -> None:
        """Offer to read (axis, title) as channels; the row is hidden when there is nothing to choose."""
        offered = [self.channel_axis.itemData(i) for i in range(1, self.channel_axis.count())]
        if offered != [axis for axis, _ in axes] or not self.channel_axis.count():
            self.channel_axis.clear()
            self.channel_axis.addItem("slice by slice", None)
            for axis, title in axes:
                self.channel_axis.addItem(title, axis)
        self.fields.setRowVisible(self._channel_row, bool(axes))
        self._show_channels()

    def _show_channels(self) -> None:
        self.channels.setVisible(self.channel_axis.currentData() is not None)

    def offer_channels(self, count: int) -> None:
        """Fill in the first of so many channels, unless a person has typed some."""
        if self.channels.text() == self._offered_channels:
            self._offered_channels = ", ".join(map(str, range(min(count, 3))))
            self.channels.setText(self._offered_channels)

    def offer_slices(self, lengths: Sequence[int]) -> None:
        """Offer the slices of a stack with these lengths; the row is hidden for a flat picture."""
        self.slices.offer(lengths)
        self.fields.setRowVisible(self.slices, bool(lengths))

    def chosen_channels(self) -> tuple[int, ...]:
        """The channels typed; raises InputError when they are not numbers."""
        try:
            return tuple(int(part) for part in self.channels.text().split(",") if part.strip())
        except ValueError:
            raise InputError(
                f"Channels must be numbers such as '0, 2', not '{self.channels.text()}'."
            ) from None

    def offer_models(self, models: Sequence[ModelChoice], selected: str) -> None:
        """Fill the list of models; `selected` may also be a name that is not in it."""
        self.model.clear()
        for choice in models:
            self.model.addItem(choice.title, choice)
            self.model.setItemData(self.model.count() - 1, choice.note, Qt.ItemDataRole.ToolTipRole)
        self.model.addItem(LOCAL_FILE, LOCAL_FILE)
        names = [choice.name for choice in models]
        if selected in names:
            self.model.setCurrentIndex(names.index(selected))
        else:
            self.model.setEditText(selected)

    def chosen_model(self) -> ModelChoice | str:
        """The entry chosen, or the name typed; `LOCAL_FILE` when the row of weights says which."""
        typed = self.model.currentText().strip()
        index = self.model.findText(typed)
        choice: Any = self.model.itemData(index) if index >= 0 else typed
        return choice

    def model_name(self) -> str:
        """The name of the model that is chosen, or the architecture of a local file."""
        chosen = self.chosen_model()
        if chosen == LOCAL_FILE:
            return self.weights.architecture.text().strip()
        return chosen if isinstance(chosen, str) else chosen.name

    def show_running(self, running: bool, *, stopping: bool = False) -> None:
        """Enable what makes sense now; while a stopped run winds up, nothing can be started."""
        self.run.setEnabled(not running)
        self.suggest.setEnabled(not running)
        self.unload.setEnabled(not running)
        self.cancel.setEnabled(running and not stopping)
        self.progress.setVisible(running)
        self.show_progress("Stopping" if stopping else "Starting", 0, 0, "")

    def show_progress(self, stage: str, done: int, total: int, time_left: str) -> None:
        """Show how far a stage is; without a total the bar is busy."""
        # Bytes of a large download do not fit into the bar's integers.
        self.progress.setRange(0, 1000 if total else 0)
        self.progress.setValue(1000 * done // total if total else 0)
        steps = f", {done} of {total}" if 1 < total < _COUNTABLE else ""
        said = f"{stage}{steps}" + (f", {time_left}" if time_left else "")
        self.progress.setFormat(said)
        self.stage.setText("" if total else said)

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Show one notice or error in the place of the last."""
        self.message.setStyleSheet(f"color: {PROBLEM_COLOUR};" if error else "")
        self.message.setText(foldable(text))


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tip)
    return button


def _combo(tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setToolTip(tip)
    # Long layer and model names must not dictate the width of the dock.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo
