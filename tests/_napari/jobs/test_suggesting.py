"""Suggested names: asked for, ticked and added by real clicks; what was typed stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog

from napari_ovseg._napari.jobs.suggest import not_typed
from napari_ovseg._napari.panel.suggest_dialog import A_FILE, MOST_SHOWN
from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.vocabularies import read_vocabulary

from ..fakes import FakeMethod
from ..used_panel import NOISE

LEFT = Qt.MouseButton.LeftButton
NAMES = ["red rods", "green rods: bacilli", "grass", "nuclei"]


class Window:
    """The panel and its dialog, used by clicks."""

    def __init__(self, panel, qtbot):
        self.panel, self.qtbot = panel, qtbot
        self.suggesting = panel.widget.suggesting

    def click_suggest(self):
        self.qtbot.mouseClick(self.panel.form.suggest, LEFT)

    def open(self):
        self.click_suggest()
        self.panel.wait_until_idle()

    @property
    def dialog(self):
        return self.suggesting.dialog

    @property
    def listed(self):
        return [self.box(row).text() for row in range(self.dialog.list.topLevelItemCount())]

    def box(self, row):
        tree = self.dialog.list
        return tree.itemWidget(tree.topLevelItem(row), 0)

    def click_tick(self, row):
        box = self.box(row)
        self.qtbot.mouseClick(box, LEFT, pos=QPoint(12, box.height() // 2))

    def click(self, button):
        self.qtbot.mouseClick(button, LEFT)

    @property
    def typed(self):
        return self.panel.form.names.toPlainText()


@pytest.fixture
def vocabulary(tmp_path, monkeypatch):
    file = tmp_path / "mine.txt"
    file.write_text("\n".join(NAMES), encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(file), ""))
    return file


@pytest.fixture
def window(make_panel, qtbot, vocabulary):
    panel = make_panel(show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("cat")
    return Window(panel, qtbot)


def choose_file(window):
    combo = window.dialog.vocabulary
    combo.setCurrentText(A_FILE)
    combo.activated.emit(combo.currentIndex())
    window.panel.wait_until_idle()


def test_ticked_names_are_added_below_what_was_typed(window):
    window.open()
    assert window.panel.method.asked[0][1:] == ("demo", "demo", "balanced")
    assert len(window.listed) == MOST_SHOWN
    choose_file(window)
    assert window.listed == NAMES
    assert not window.dialog.add.isEnabled()
    window.click_tick(1)
    window.click_tick(2)
    window.click_tick(2)
    window.click_tick(3)
    assert window.dialog.add.text() == "Add 2 ticked names"
    window.click(window.dialog.add)
    assert window.typed == "cat\ngreen rods: bacilli\nnuclei"
    assert "Added 2" in window.dialog.message.text()
    window.click(window.dialog.add)
    assert window.typed == "cat\ngreen rods: bacilli\nnuclei"
    assert "2 were there already" in window.dialog.message.text()
    window.panel.form.names.undo()
    window.panel.form.names.undo()
    assert window.typed == "cat"


def test_nothing_is_ticked_before_a_person_does(window):
    window.open()
    assert window.dialog.ticked == []
    assert window.typed == "cat"


def test_what_was_left_out_is_said(window):
    window.open()
    assert window.dialog.message.text() == "Some were left out."


def test_the_slice_in_view_is_looked_at_with_the_settings_of_the_panel(window):
    stack = np.stack([NOISE[..., 0], 255 - NOISE[..., 0]])
    window.panel.viewer.add_image(stack, name="stack")
    window.panel.viewer.dims.set_current_step(0, 1)
    window.panel.form.preset.value = "fast"
    window.open()
    image, _, _, preset = window.panel.method.asked[-1]
    assert preset == "fast"
    assert image.shape == (*NOISE.shape[:2], 3)
    assert np.corrcoef(image[..., 0].ravel(), stack[1].ravel())[0, 1] > 0.99


@pytest.mark.parametrize("where", ["dialog", "panel", "close"])
def test_cancel_stops_the_search_and_leaves_the_names(window, where):
    method = window.panel.method
    method.hold.clear()
    window.click_suggest()
    window.qtbot.waitUntil(method.holding.is_set)
    assert not window.panel.form.run.isEnabled()
    assert window.dialog.progress.isVisible()
    dialog = window.dialog
    window.click(
        {"dialog": dialog.cancel, "panel": window.panel.form.cancel, "close": dialog.close_button}[where]
    )
    window.panel.wait_until_idle()
    method.hold.set()
    window.qtbot.waitUntil(window.panel.form.run.isEnabled)
    assert window.typed == "cat"
    if where == "close":
        assert window.dialog is None
    else:
        assert window.listed == []
        assert not window.dialog.progress.isVisible()
        assert window.dialog.vocabulary.isEnabled()
        choose_file(window)
        assert window.listed == NAMES


def test_an_error_is_said_where_it_was_asked(make_panel, qtbot, vocabulary):
    panel = make_panel(FakeMethod(error=InputError("The vocabulary is empty: write names.")), show=True)
    window = Window(panel, qtbot)
    window.open()
    assert "There is no image layer" in window.dialog.message.text()
    window.click(window.dialog.close_button)
    panel.viewer.add_image(NOISE, name="photo")
    window.open()
    assert window.dialog.message.text() == "The vocabulary is empty: write names."
    assert panel.form.run.isEnabled()


def test_while_a_run_is_under_way_nothing_is_looked_for(window):
    method = window.panel.method
    method.hold.clear()
    window.panel.click_run()
    window.qtbot.waitUntil(method.holding.is_set)
    assert not window.panel.form.suggest.isEnabled()
    method.hold.set()
    window.panel.wait_until_idle()
    assert window.panel.form.suggest.isEnabled()


def test_a_file_that_is_not_chosen_changes_nothing(window, monkeypatch):
    window.open()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: ("", ""))
    choose_file(window)
    assert window.dialog.vocabulary.currentText() == "demo"
    assert len(window.panel.method.asked) == 1


@pytest.mark.parametrize(
    ("typed", "added"),
    [
        ("", "dog: puppy"),
        ("cat", "dog: puppy"),
        ("  DOG ", ""),
        ("cat: dog", ""),
        ("background: grass, dog", ""),
        ("puppy", "dog"),
        ("hot  dog", "dog: puppy"),
        ("dog:", ""),
    ],
)
def test_what_is_typed_is_not_added_again(typed, added):
    assert "; ".join(one.text for one in not_typed(typed, [Category("dog", ("puppy",))])) == added


words = st.sampled_from(["dog", "Dog", "puppy", "cat", "kitten", "red  ball", "tree", "grass"])


@given(st.lists(words, unique_by=lambda word: " ".join(word.casefold().split()), max_size=5))
def test_what_results_can_always_be_read(typed):
    text = ", ".join(typed)
    added = not_typed(text, read_vocabulary("everyday"))
    names = parse_categories("\n".join([text, *(one.text for one in added)]))
    assert [name.name for name in names][: len(typed)] == [" ".join(word.split()) for word in typed]
