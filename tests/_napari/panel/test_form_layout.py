"""The panel as a whole: what moves, what overlaps, how wide it must be, and what says what it is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QTableWidget,
)

from napari_ovseg._napari.annotating.next_step import DAMAGED, EXPORT, OPEN, PAINT, RUN, TYPE, UPDATE
from napari_ovseg._napari.panel.model_box import LOCAL_FILE
from napari_ovseg.annotation.document import DOCUMENT
from napari_ovseg.models.registry import find_model
from napari_ovseg.segmentation import TriedLook

from ..brush import drag
from ..used_panel import CORNERS, NOISE

LONG = " ".join(f"the {number}th of many words" for number in range(40))
CONTROLS = (
    QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QProgressBar,
    QTableWidget,
)  # fmt: skip


def controls(form):
    """What is seen of the panel, in its coordinates: no parts of other controls."""
    seen = [child for child in form.findChildren(CONTROLS) if child.isVisibleTo(form)]
    alone = [one for one in seen if not any(other is not one and other.isAncestorOf(one) for other in seen)]
    return {one: QRect(one.mapTo(form, QPoint()), one.size()) for one in alone}


def named(control):
    text = control.text() if hasattr(control, "text") else ""
    return f"{type(control).__name__} {text or control.toolTip()}"


@pytest.fixture
def panel(make_panel, qtbot):
    """A picture that was segmented, in a window as large as a small screen."""
    panel = make_panel(show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    resize(panel, 1280, 800)
    return panel


def resize(panel, width, height):
    window = panel.viewer.window._qt_window
    window.resize(width, height)
    panel.qtbot.waitUntil(lambda: window.height() == height)
    settle(panel)


def settle(panel):
    for _ in range(3):
        QApplication.processEvents()
    panel.form.layout().activate()
    QApplication.processEvents()


def show_all_offers(panel):
    """Everything that may come up at once."""
    form = panel.form
    form.names.setPlainText("nucleus")
    form.sharper.look()
    form.resume.text.setText(LONG)
    form.resume.show()
    form.take_in.offer(None, "These labels don't fit: " + LONG)
    form.saving.show_problem(LONG)
    thumbnail = np.full((20, 20, 3), 90, np.uint8)
    looks = known_looks()
    form.looks.show_tried([TriedLook(look, thumbnail, True, True) for look in looks], looks[-1])
    settle(panel)


def known_looks():
    """All looks that the bundled model may be shown, as they are called."""
    return [str(look) for look in find_model("demo").looks]


def hide_all_offers(panel):
    form = panel.form
    form.names.setPlainText("bright, dark")
    form.sharper.look()
    form.resume.hide()
    form.take_in.offer(None)
    form.saving.show_problem("")
    form.looks.show_tried((), "auto")
    settle(panel)


def test_whatever_is_said_or_offered_the_table_and_the_buttons_stay_where_they_are(panel):
    form = panel.form

    def place():
        settle(panel)
        places = [one.mapTo(form, QPoint()) for one in (form.run, form.table, form.correct.update_masks)]
        return [place.y() for place in places]

    before = place()
    form.show_message(LONG, error=True)
    assert place() == before
    form.show_running(True)
    form.show_progress(LONG, 1, 3, "about 5 s left")
    assert place() == before
    form.show_running(False)
    form.saving.show_problem("The disk is full.")
    assert form.saving.problem.isVisible()
    assert place() == before
    # more than there is room for: the panel scrolls
    show_all_offers(panel)
    assert place()[:2] == before[:2]


def test_with_fifteen_names_and_a_long_message_eight_rows_are_seen(panel):
    panel.run(", ".join(f"name {number}" for number in range(15)))
    panel.form.show_message(LONG, error=True)
    settle(panel)
    table = panel.form.table
    assert table.rowCount() == 16
    view = table.viewport().rect()
    seen = [row for row in range(16) if view.contains(table.visualRect(table.model().index(row, 1)))]
    assert len(seen) >= 8


@pytest.mark.parametrize("size", [(1280, 800), (1066, 654)])
def test_nothing_overlaps_and_nothing_is_cut_off_at_any_size(panel, size):
    form = panel.form
    resize(panel, *size)
    form.show_message(LONG, error=True)
    show_all_offers(panel)
    form.settings.title.setChecked(True)
    form.model.setCurrentText(LOCAL_FILE)
    settle(panel)
    places = controls(form)
    for (one, here), (other, there) in combinations(places.items(), 2):
        assert not here.intersects(there), f"{named(one)} | {named(other)}"
    for one, here in places.items():
        assert form.rect().contains(here), named(one)
        assert here.height() >= (one.minimumHeight() or one.minimumSizeHint().height()), named(one)
    scrolled = form.parent().parent()
    lowest = max(here.bottom() for here in places.values())
    assert scrolled.verticalScrollBar().maximum() + scrolled.viewport().height() > lowest


def test_a_narrow_dock_is_wide_enough_whatever_is_shown(panel):
    form = panel.form
    panel.viewer.add_image(np.zeros((5, 40, 48)), name="stack with a rather long name " * 3)
    form.slices.scope.setCurrentText("a range")
    form.settings.title.setChecked(True)
    form.model.setCurrentText(LOCAL_FILE)
    show_all_offers(panel)
    assert form.slices.isVisibleTo(form)
    assert form.minimumSizeHint().width() <= 300
    panel.dock.setFixedWidth(310)
    settle(panel)
    for one, here in controls(form).items():
        assert form.rect().contains(here), named(one)


def test_every_control_says_what_it_does(panel):
    form = panel.form
    panel.viewer.add_image(np.zeros((5, 40, 48)), name="stack")
    form.slices.scope.setCurrentText("a range")
    form.settings.title.setChecked(True)
    form.model.setCurrentText(LOCAL_FILE)
    show_all_offers(panel)
    silent = [
        named(one)
        for one in controls(form)
        if not one.toolTip() and (not isinstance(one, QLabel) or one is form.message)
    ]
    assert silent == []
    assert "Ctrl+Enter" in form.run.toolTip()
    assert "Stop" in form.cancel.toolTip()


def test_all_of_a_long_message_is_there_on_hover_on_a_click_and_by_a_key_to_select_and_copy(panel, qtbot):
    message = panel.form.message
    panel.form.show_message("Saved.")
    assert not message.is_cut
    panel.form.show_message(LONG)
    settle(panel)
    assert message.is_cut
    assert message.text() == LONG
    assert "the 39th of" in message.toolTip()
    qtbot.mouseClick(message, Qt.MouseButton.LeftButton)
    box = QApplication.activePopupWidget()
    assert box.text.toPlainText() == LONG
    box.text.selectAll()
    qtbot.keyClick(box.text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == LONG
    box.close()
    message.setFocus()
    qtbot.keyClick(message, Qt.Key.Key_Return)
    assert QApplication.activePopupWidget().text.toPlainText() == LONG
    QApplication.activePopupWidget().close()


def test_settings_open_and_close_and_stay_so_for_the_next_panel(make_panel, qtbot):
    panel = make_panel(show=True)
    settings = panel.form.settings
    qtbot.waitUntil(settings.summary.isVisible)
    assert not settings.preset.native.isVisible()
    assert settings.summary.text() == "balanced, background: guess"
    panel.form.preset.value = "fast"
    panel.form.device.value = "cpu"
    assert settings.summary.text() == "fast, background: guess, cpu"
    qtbot.mouseClick(settings.summary, Qt.MouseButton.LeftButton)
    assert settings.preset.native.isVisible()
    again = make_panel().form.settings
    assert again.preset.native.isVisibleTo(again)
    panel.click(again.title)
    assert not again.preset.native.isVisibleTo(again)
    assert not make_panel().form.settings.title.isChecked()


def test_long_names_of_pictures_and_models_are_whole_in_tooltips(make_panel, tmp_path):
    panel = make_panel()
    name = "a picture with a name that no box of a narrow panel can hold"
    image = panel.viewer.add_image(NOISE, name=name)
    image.metadata["napari-ovseg"] = {"path": str(tmp_path / "photo.png")}
    panel.viewer.add_image(NOISE, name="other")
    box = panel.form.image
    row = box.findText(name)
    box.setCurrentIndex(row)
    for tip in (box.toolTip(), box.itemData(row, Qt.ItemDataRole.ToolTipRole)):
        # where Qt may wrap it is marked, unseen
        assert name in tip
        assert "photo.png" in tip.replace("\u200b", "")
    panel.form.model.setEditText("an-architecture/with-a-long-tag-that-is-typed")
    assert "with-a-long-tag-that-is-typed" in panel.form.model.toolTip().replace("\u200b", "")


def test_the_next_step_is_said_from_opening_to_export(make_panel, qtbot):
    panel = make_panel()
    line = panel.form.status.next_step

    def says(step):
        qtbot.waitUntil(lambda: line.text() == step)

    says(OPEN)
    panel.viewer.add_image(CORNERS, name="photo")
    says(TYPE)
    panel.type_names("bright, dark")
    says(RUN)
    panel.run()
    says(PAINT)
    drag(panel.viewer.layers["photo masks"], (5, 5), (5, 9), label=2)
    panel.widget.annotator.settle()
    says(UPDATE)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    says(EXPORT)


def test_work_that_is_damaged_is_not_to_be_resumed(make_panel, tmp_path, qtbot):
    (tmp_path / "photo.png.ovseg").mkdir()
    (tmp_path / "photo.png.ovseg" / DOCUMENT).write_text("{")
    panel = make_panel()
    panel.open_photo(tmp_path)
    qtbot.waitUntil(lambda: panel.form.status.next_step.text() == DAMAGED)
    assert not panel.form.resume.resume.isEnabled()
    panel.click(panel.form.resume.ignore)
    qtbot.waitUntil(lambda: panel.form.status.next_step.text() == TYPE)
