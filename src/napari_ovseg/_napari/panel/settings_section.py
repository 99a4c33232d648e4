"""What is rarely chosen: a section that opens and closes, with a line of what is chosen; a view only."""

from __future__ import annotations

from magicgui.widgets import ComboBox
from qtpy.QtCore import QEvent, QSize
from qtpy.QtGui import QMouseEvent, QPalette
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.icons import drawn_icon
from napari_ovseg._napari.panel.quiet_line import QuietLine
from napari_ovseg._napari.panel.size_row import SizeRow
from napari_ovseg._napari.panel.theme_colours import changes_theme
from napari_ovseg._napari.remembered import remembered
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip.method_names import METHODS, cost_of
from napari_ovseg.models.registry import listed
from napari_ovseg.views.looks import AS_IT_IS, AUTO
from napari_ovseg.views.presets import PRESETS
from napari_ovseg.wording import GUESS, NONE, PACKS

PACK_CHOICES = (GUESS, NONE, *PACKS)
DEVICES = ("auto", "cuda", "mps", "cpu")
BY_MODEL = "by model"

_PACK_HELP = (
    "What usually surrounds the things in such a picture; it competes with the names. "
    "guess takes what fits the picture, or none; the message after the run says which."
)
_PRESET_HELP = "How many views of the picture the model sees: more take longer and find more."
_METHOD_HELP = (
    "How the model finds out where each name is in the picture. By model takes the one that suits it best; "
    "not every model has every method, and a run says so."
)
_LOOK_HELP = (
    "How the picture is shown to the model. auto finds out what suits the picture; after the run, small "
    'pictures show what was tried. "dark things" is for things that are darker than what is around them.'
)
_UNLOAD_HELP = "Free the memory that models take; the next run loads its model again."
_DEVICE_HELP = "Where the model runs; auto takes the first of cuda, mps and cpu that is there."
_OF_WHAT = "Of the time in which the model looks at the picture, as measured with a ViT-B/16."
_OPEN = "settings_open"


class SettingsSection(QWidget):
    """Background, preset, method, look, size, device, memory; whether it is open is kept for next time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pack = ComboBox(choices=PACK_CHOICES, value=GUESS, tooltip=_PACK_HELP)
        self.preset = ComboBox(choices=PRESETS, value="balanced", tooltip=_PRESET_HELP)
        methods = [(BY_MODEL, None), *((method, method) for method in METHODS)]
        self.method = ComboBox(choices=methods, value=None, tooltip=_METHOD_HELP)
        self.cost = QuietLine()
        self.look = ComboBox(choices=(AUTO, str(AS_IT_IS)), value=AUTO, tooltip=_LOOK_HELP)
        # the names of looks are long, and a dock is narrow
        self.look.native.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.look.native.setMinimumContentsLength(10)
        self.size_row = SizeRow()
        self._model = ""
        self.device = ComboBox(choices=DEVICES, tooltip=_DEVICE_HELP)
        self.unload = QPushButton("Unload the models")
        self.unload.setToolTip(_UNLOAD_HELP)
        self._settings = remembered()
        self.title = QPushButton("Settings")
        self.title.setFlat(True)
        self.title.setCheckable(True)
        self.title.setStyleSheet(
            ".QPushButton { text-align: left; padding: 2px; border: none; background: transparent; }"
        )
        self.title.setIconSize(QSize(10, 10))
        self.summary = Summary(self.title)
        self._fields = QWidget()
        self._lay_out()
        self.title.toggled.connect(self._open)
        for field in (self.pack, self.preset, self.method, self.look, self.device):
            field.changed.connect(self._sum_up)
        self.size_row.changed.connect(self._sum_up)
        self.title.setChecked(self._settings.value(_OPEN, False, type=bool))
        self._open(self.title.isChecked())

    def _lay_out(self) -> None:
        fields = QFormLayout(self._fields)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, field in (
            ("Background", self.pack.native),
            ("Preset", self.preset.native),
            ("Method", self.method.native),
            ("", self.cost),
            ("Look", self.look.native),
            ("Size of things", self.size_row),
            ("Device", self.device.native),
            ("Memory", self.unload),
        ):
            fields.addRow(title, field)
        line = QHBoxLayout()
        line.addWidget(self.title)
        line.addWidget(self.summary, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(line)
        layout.addWidget(self._fields)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Draw the arrow in the colour of another theme."""
        super().changeEvent(event)
        if changes_theme(event):
            self._draw_arrow()

    def _open(self, wanted: bool) -> None:
        self._settings.setValue(_OPEN, wanted)
        self._fields.setVisible(wanted)
        self.title.setToolTip(
            "Hide the settings." if wanted else "Show the settings, which most runs need not change."
        )
        self._sum_up()
        self._draw_arrow()

    def _draw_arrow(self) -> None:
        text = self.palette().color(QPalette.ColorRole.WindowText)
        self.title.setIcon(drawn_icon("down_arrow" if self.title.isChecked() else "right_arrow", text))

    def suit(self, model: str) -> None:
        """Offer the methods and looks that this model has, and say what the chosen one costs with it."""
        self._model = model
        card = listed(model)
        names = METHODS if card is None else [one.name for one in card.methods if one.name]
        choices = (None, *names)
        if self.method.choices != choices:
            self.method.choices = [(BY_MODEL, None), *((name, name) for name in names)]
        looks = (AUTO, *map(str, (AS_IT_IS,) if card is None else card.looks))
        if self.look.choices != looks:
            self.look.choices = looks
        self._sum_up()

    def take_look(self, look: str) -> None:
        """Choose a look, also one that is not among those of the model."""
        if look not in self.look.choices:
            self.look.choices = (*self.look.choices, look)
        self.look.value = look

    def _sum_up(self) -> None:
        method = self.method.value
        cost = _cost(method, listed(self._model))
        self.cost.say(cost, f"{cost}\n{_OF_WHAT}")
        parts = [self.preset.value, f"background: {self.pack.value}", method]
        if self.look.value != AUTO:
            parts.append(self.look.value)
        size = " ".join(self.size_row.text.split())
        if size:
            parts.append(f"size: {size}")
        if self.device.value != "auto":
            parts.append(self.device.value)
        self.summary.say(
            "" if self.title.isChecked() else ", ".join(filter(None, parts)),
            f"Background: {self.pack.value}\nPreset: {self.preset.value}\nMethod: {method or BY_MODEL}\n"
            f"Look: {self.look.value}\nSize of things: {size or 'not said'}\nDevice: {self.device.value}\n"
            "Click to change them.",
        )


class Summary(QuietLine):
    """What is chosen in the section, on which a click opens it."""

    def __init__(self, title: QPushButton) -> None:
        super().__init__()
        self._title = title

    def mousePressEvent(self, _event: QMouseEvent | None) -> None:  # noqa: N802
        """Do what a click on the title does."""
        self._title.toggle()


def _cost(method: str | None, card: ModelCard | None) -> str:
    if method is not None:
        return cost_of(method)
    if card is None:
        return "up to 5 % more time per name"
    suits = card.find_method()
    return f"{suits.name}: {suits.cost}" if suits.name else suits.cost
