"""The table and its buttons in a window of their own; see the fixture `shown`."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.category_actions import CategoryActions
from napari_ovseg._napari.panel.category_cells import NAME
from napari_ovseg._napari.panel.category_table import CategoryTable
from napari_ovseg.annotation.label_table import LabelTable

LEFT = Qt.MouseButton.LeftButton
SIGNALS = (
    "picked",
    "renamed",
    "recoloured",
    "lock_changed",
    "only_shown",
    "add_requested",
    "merge_requested",
    "delete_requested",
    "refused",
)
# Ids with a gap: rows are not ids.
LABELS = LabelTable().add("cat").add("gone").add("dog", ["puppy"]).add("tree").delete(2)


class Shown(QWidget):
    """The table with its buttons in a window, as a person has it; keeps what was signalled."""

    def __init__(self, qtbot):
        super().__init__()
        self.qtbot = qtbot
        self.table = CategoryTable()
        self.actions_row = CategoryActions(self.table)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(self.actions_row)
        self.said = []
        self.keys_left = []
        for name in SIGNALS:
            getattr(self.table, name).connect(lambda *values, name=name: self.said.append((name, *values)))
        # what the viewer does
        self.table.only_shown.connect(self.table.show_only)
        self.resize(600, 400)

    def keyPressEvent(self, event):  # noqa: N802
        if event.key() != Qt.Key.Key_Control:
            self.keys_left.append(event.key())

    def fill(self, labels=LABELS, presence=None, absent=(), stands_for=None):
        self.table.show_categories(labels.labels, labels.locked, presence or {}, absent, stands_for or {})

    def place(self, row, column):
        return self.table.visualItemRect(self.table.item(row, column)).center()

    def click(self, row, column=NAME, button=LEFT):
        self.qtbot.mouseClick(self.table.viewport(), button, pos=self.place(row, column))

    def double_click(self, row, column):
        self.click(row, column)
        self.qtbot.mouseDClick(self.table.viewport(), LEFT, pos=self.place(row, column))

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.table, key, modifier)

    @property
    def editor(self):
        boxes = self.table.viewport().findChildren(QLineEdit)
        return boxes[0] if boxes else None

    def type_name(self, text, key=Qt.Key.Key_Return):
        self.editor.selectAll()
        self.qtbot.keyClicks(self.editor, text)
        self.qtbot.keyClick(self.editor, key)
        self.qtbot.wait(1)

    def texts(self, column):
        return [self.table.item(row, column).text() for row in range(self.table.rowCount())]

    def words(self, row, column):
        return self.table.item(row, column).data(Qt.ItemDataRole.AccessibleTextRole)
