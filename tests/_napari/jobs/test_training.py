"""Training a model from the window, by real clicks."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from qtpy.QtWidgets import QMessageBox

from napari_ovseg._napari.jobs.train import Watched
from napari_ovseg._napari.panel import last_training, train_fields
from napari_ovseg._napari.panel.train_dialog import TrainDialog
from napari_ovseg._napari.panel.training_kinds import ADAPT
from napari_ovseg.errors import OutputError
from napari_ovseg.models.clip.registry import DEMO_FOLDER

from ..lesson import Lesson, write_card
from ..used_panel import CORNERS


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    for number in range(2):
        blocks = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(blocks.repeat(10, 0).repeat(10, 1)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def lesson(monkeypatch):
    """A stand-in for `adapt`."""
    lesson = Lesson()
    kind = replace(ADAPT, learn=lambda: lesson.learn)
    for module in (train_fields, last_training):
        monkeypatch.setattr(module, "KINDS", (kind,))
    yield lesson
    lesson.go.set()


class Trainer:
    """The dialog of a panel, used by clicks and keys."""

    def __init__(self, panel, pictures=None, steps=3):
        self.panel, self.qtbot, self.training = panel, panel.qtbot, panel.widget.training
        panel.click(panel.form.train)
        self.dialog: TrainDialog = self.training.dialog
        if pictures is not None:
            self.dialog.fields.pictures.text.selectAll()
            self.qtbot.keyClicks(self.dialog.fields.pictures.text, str(pictures))
            self.dialog.fields.steps.setValue(steps)
        self.settle()

    def settle(self):
        """Wait until the folders were looked at."""
        dialog = self.dialog
        self.qtbot.waitUntil(lambda: not dialog.fields._pause.isActive() and not dialog.fields.found.looking)

    def click(self, button):
        self.settle()
        assert button.isEnabled()
        self.panel.click(button)

    def wait_for_losses(self, number):
        self.qtbot.waitUntil(lambda: self.dialog.curve.shown == number)

    def wait_until_ended(self):
        self.qtbot.waitUntil(lambda: not self.training.busy)
        self.settle()


@pytest.fixture
def trainer(make_panel, pictures, lesson):
    trainer = Trainer(make_panel(show=True), pictures)
    yield trainer
    lesson.go.set()
    trainer.training.stop()
    trainer.qtbot.waitUntil(lambda: not trainer.training.busy)


@pytest.mark.skipif(not (DEMO_FOLDER / "demo.safetensors").is_file(), reason="the bundled model is missing")
def test_a_folder_of_pictures_becomes_a_model_stopped_and_gone_on_with(make_panel, pictures, monkeypatch):
    from napari_ovseg.training import adaptation

    go, loss, calls = threading.Event(), adaptation._loss, []

    def held(*arguments):
        calls.append(1)
        assert len(calls) < 2 or go.wait(60)
        return loss(*arguments)

    monkeypatch.setattr(adaptation, "_loss", held)
    (pictures / "bad.png").write_bytes(b"no picture")
    panel = make_panel(show=True)
    trainer = Trainer(panel, pictures)
    dialog, output = trainer.dialog, pictures.parent / "cells-adapted"
    assert dialog.fields.found.text() == "3 pictures, of which 1 can't be read and is left out."
    # long paths may be broken anywhere
    assert "bad.png" in dialog.fields.found.toolTip().replace("\u200b", "")
    assert dialog.fields.output.text.text() == str(output)
    assert dialog.start.text() == "Start"
    trainer.click(dialog.start)
    trainer.wait_for_losses(1)
    assert not dialog.fields.pictures.isEnabled()
    assert "Learning, 1 of 3" in dialog.status.stage.text()
    assert "training a model" in panel.form.status.next_step.text()
    panel.click(dialog.stop)
    go.set()
    trainer.wait_until_ended()
    assert dialog.message.text() == "Stopped after 2 of 3 steps. Go on continues from there."
    assert (output / "checkpoint.pt").is_file()
    assert dialog.start.text() == "Go on"
    trainer.click(dialog.start)
    trainer.wait_until_ended()
    assert dialog.message.text().startswith(
        "The model has learnt from 2 pictures; the loss of the last steps"
    )
    assert "bad.png can't be read" in dialog.left_out.toPlainText()
    assert dialog.curve.shown == 3
    models = panel.form.model
    assert models.itemText(models.count() - 2) == f"cells-adapted - trained, in {pictures.parent}"
    assert models.chosen_name() == "demo"
    trainer.click(dialog.use)
    assert models.chosen_name() == str(output)
    assert not dialog.isVisible()
    assert panel.form.settings.method.choices == (None, "maskclip")
    assert panel.form.status.next_step.text().find("training") == -1


def test_a_run_meanwhile_is_another_matter(trainer, lesson):
    lesson.go.clear()
    trainer.click(trainer.dialog.start)
    panel = trainer.panel
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    assert "photo masks" in panel.layers
    assert trainer.training.busy
    lesson.go.set()
    trainer.wait_until_ended()
    assert "learnt from 2 pictures" in trainer.dialog.message.text()


def test_closed_it_goes_on_and_the_panel_tells_of_its_end(trainer, lesson):
    lesson.go.clear()
    trainer.click(trainer.dialog.start)
    trainer.panel.click(trainer.dialog.close_button)
    assert not trainer.dialog.isVisible()
    assert trainer.training.busy
    lesson.go.set()
    trainer.wait_until_ended()
    assert trainer.panel.message.startswith("Training: The model has learnt from 2 pictures")
    trainer.panel.click(trainer.panel.form.train)
    trainer.settle()
    assert trainer.dialog.use.isEnabled()
    # what is there is neither made again nor gone on with
    assert not trainer.dialog.start.isEnabled()


def test_a_closed_panel_stops_it_and_the_next_one_offers_to_go_on(trainer, lesson, make_panel, qtbot):
    lesson.go.clear()
    trainer.click(trainer.dialog.start)
    qtbot.waitUntil(lambda: bool(lesson.plans))
    trainer.panel.close()
    qtbot.waitUntil(lambda: not trainer.training.busy)
    lesson.go.set()
    again = Trainer(make_panel(show=True))
    assert again.dialog.start.text() == "Go on"
    assert "stopped after 0 of 3 steps" in again.dialog.fields.there.text()
    again.click(again.dialog.start)
    again.wait_until_ended()
    assert lesson.plans[0] == lesson.plans[1]
    assert again.dialog.use.isEnabled()


def test_what_goes_wrong_is_said_where_it_was_asked_for(trainer, lesson):
    lesson.error = OutputError("Another training is writing there: wait until it has ended.")
    trainer.click(trainer.dialog.start)
    trainer.wait_until_ended()
    assert trainer.dialog.message.text() == str(lesson.error)
    assert "color" in trainer.dialog.message.styleSheet()
    assert trainer.dialog.start.isEnabled()
    # it is about what was asked for, and nothing else
    trainer.dialog.fields.steps.setValue(5)
    trainer.settle()
    assert trainer.dialog.message.text() == ""


def test_a_licence_is_asked_for_first(trainer, lesson, monkeypatch):
    asked = []

    def declined(_parent, _title, text):
        asked.append(text)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", declined)
    trainer.dialog.fields.teacher.setEditText("MobileCLIP-B/datacompdr")
    trainer.click(trainer.dialog.start)
    assert "does not allow commercial use" in asked[0]
    assert "its licence was not accepted" in trainer.dialog.message.text()
    assert not lesson.plans


def test_what_another_training_was_begun_with_can_be_taken(trainer, lesson, pictures):
    write_card(pictures.parent / "mine", pictures, [0.5], steps=7)
    fields = trainer.dialog.fields
    fields.output.text.selectAll()
    trainer.qtbot.keyClicks(fields.output.text, str(pictures.parent / "mine"))
    trainer.settle()
    assert fields.there.text().startswith("Another model is being made there, by demo in 7 steps")
    assert not trainer.dialog.start.isEnabled()
    trainer.click(fields.take_begun)
    trainer.settle()
    assert (fields.steps.value(), trainer.dialog.start.text()) == (7, "Go on")
    assert trainer.dialog.curve.shown == 1
    trainer.click(trainer.dialog.start)
    trainer.wait_until_ended()
    assert trainer.dialog.curve.shown == 7
    assert fields.output.text.text().endswith("mine")


def test_a_model_that_was_used_by_its_folder_is_in_the_list_from_then_on(make_panel, pictures):
    output = pictures.parent / "of a colleague"
    write_card(output, pictures, [0.5], pictures=2, loss=0.5, weights="w")
    panel = make_panel(show=True)
    panel.viewer.add_image(CORNERS, name="photo")
    panel.form.model.setEditText(str(output))
    panel.run()
    assert panel.form.model.currentText() == f"of a colleague - trained, in {pictures.parent}"
    assert panel.model_used == str(output)


def test_time_left_counts_what_this_run_has_done():
    now = [0.0]
    watched = Watched(lambda: now[0])
    watched.progress("Learning", 40, 100)
    assert watched.place.left(last=True) is None
    now[0] = 10.0
    watched.progress("Learning", 45, 100)
    # a look later changes nothing before the next step is done
    now[0] = 11.0
    left = watched.place.left(last=True)
    assert (left.seconds, left.whole) == (pytest.approx(110.0), True)
    assert not watched.place.left(last=False).whole
    watched.progress("Other", 0, 0)
    assert watched.place.left(last=False) is None
