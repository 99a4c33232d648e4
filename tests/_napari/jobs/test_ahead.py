import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from qtpy.QtCore import QTimer

from napari_ovseg.models.clip.registry import DEFAULT

from ..fakes import FakeMethod
from ..used_panel import NOISE


class SlowToLoad(FakeMethod):
    """Loads until it is let go on."""

    def __init__(self):
        super().__init__()
        self.let, self.loading, self.loaded = threading.Event(), threading.Event(), []

    def load_model(self, name, **how):
        if not self.loaded:
            self.loading.set()
            self.let.wait(20)
        model = super().load_model(name, **how)
        self.loaded.append(model)
        return model

    @property
    def loads(self):
        return len(self.loaded)


@pytest.fixture
def method(monkeypatch):
    from napari_ovseg._napari.jobs import ahead

    monkeypatch.setattr(ahead, "_WAIT_MS", 1)
    method = SlowToLoad()
    yield method
    method.let.set()


@pytest.mark.parametrize("by_napari", [False, True])
def test_the_model_is_loaded_as_soon_as_the_panel_is_there_and_a_run_waits_for_it(
    make_panel, method, qtbot, by_napari
):
    panel = make_panel(method, show=True, by_napari=by_napari)
    qtbot.waitUntil(method.loading.is_set)
    status = panel.form.status
    qtbot.waitUntil(lambda: "oading the model" in status.next_step.text())
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright, dark")
    panel.click_run()
    qtbot.waitUntil(lambda: panel.form.stage.text() == "Loading the model")
    assert panel.form.cancel.isEnabled()
    method.let.set()
    panel.wait_until_idle()
    assert "photo masks" in panel.layers
    qtbot.waitUntil(lambda: "oading" not in status.next_step.text())


def test_a_run_that_waits_for_the_model_can_be_cancelled(make_panel, method, qtbot):
    panel = make_panel(method, show=True)
    qtbot.waitUntil(method.loading.is_set)
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: panel.form.stage.text() == "Loading the model")
    panel.click_cancel()
    panel.wait_until_idle()
    assert not method.let.is_set()
    assert panel.form.run.isEnabled()


@pytest.fixture
def memory(monkeypatch):
    """What was forgotten: models, and "all"."""
    from napari_ovseg.models import loading

    forgotten = []
    monkeypatch.setattr(loading, "forget", forgotten.append)
    monkeypatch.setattr(loading, "unload", lambda: forgotten.append("all"))
    return forgotten


@pytest.fixture
def ready(monkeypatch):
    """All models are on this machine."""
    from napari_ovseg._napari.jobs import run_request

    there = {name: replace(offer, is_here=lambda: True) for name, offer in run_request.offers().items()}
    monkeypatch.setattr(run_request, "offers", lambda: there)


def wait_for_look(qtbot, panel):
    """Wait until it was looked whether something is to be loaded, and that is done."""
    ahead = panel.widget._ahead
    qtbot.waitUntil(lambda: not ahead._timer.isActive() and not ahead._background._waiting)


def test_to_unload_waits_for_no_load_and_what_was_unloaded_stays_so_until_the_next_run(
    make_panel, method, qtbot, memory
):
    panel = make_panel(method, show=True)
    qtbot.waitUntil(method.loading.is_set)
    turns = []
    QTimer.singleShot(0, lambda: turns.append(1))
    panel.click(panel.form.unload)
    qtbot.waitUntil(lambda: turns == [1])
    assert memory == []
    assert "No model is in memory" not in panel.message
    method.let.set()
    qtbot.waitUntil(lambda: "No model is in memory" in panel.message)
    assert memory[0] == "all"
    panel.form.device.value = "cpu"
    wait_for_look(qtbot, panel)
    assert method.loads == 1


def test_to_unload_holds_the_window_up_for_no_lock(make_panel, method, qtbot, monkeypatch):
    """The lock of the models is held through a whole load."""
    from napari_ovseg.models import loading

    panel = make_panel(method, show=True)
    qtbot.waitUntil(method.loading.is_set)
    held, let = threading.Event(), threading.Event()

    def hold():
        with loading._lock:
            held.set()
            let.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    # would not come back
    panel.click(panel.form.unload)
    method.let.set()
    assert "No model is in memory" not in panel.message
    let.set()
    thread.join()
    qtbot.waitUntil(lambda: "No model is in memory" in panel.message)


def test_the_model_of_a_run_is_not_loaded_again_after_it_nor_forgotten_for_another(
    make_panel, method, qtbot, memory, ready
):
    method.let.set()
    panel = make_panel(method, show=True)
    qtbot.waitUntil(lambda: method.loads == 1)
    panel.viewer.add_image(NOISE, name="photo")
    told = []
    panel.run()
    panel.widget._ahead.told.connect(told.append)
    wait_for_look(qtbot, panel)
    assert (method.loads, told) == (2, [])
    for name in (DEFAULT, "demo", DEFAULT):
        panel.form.model.setEditText(name)
        wait_for_look(qtbot, panel)
    assert {model.name for model in memory} <= {DEFAULT}
    assert method.loaded[-1].name == DEFAULT


def test_what_was_loaded_and_never_used_gives_way_to_what_a_run_uses(
    make_panel, method, qtbot, memory, ready
):
    method.let.set()
    panel = make_panel(method, show=True)
    qtbot.waitUntil(lambda: method.loads == 1)
    wait_for_look(qtbot, panel)
    panel.viewer.add_image(NOISE, name="photo")
    panel.form.model.setEditText(DEFAULT)
    panel.widget._ahead._timer.stop()
    panel.run()
    qtbot.waitUntil(lambda: [model.name for model in memory] == ["demo"])


def test_an_update_loads_nothing_that_was_unloaded(make_panel, method, qtbot, memory):
    method.let.set()
    panel = make_panel(method, show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    wait_for_look(qtbot, panel)
    loads = method.loads
    panel.click(panel.form.unload)
    qtbot.waitUntil(lambda: "No model is in memory" in panel.message)
    panel.paint((3, 4), 1)
    panel.click(panel.form.correct.update_masks)
    assert panel.widget.busy
    panel.wait_until_idle()
    panel.form.device.value = "cpu"
    wait_for_look(qtbot, panel)
    assert method.loads == loads


def test_the_end_of_one_thing_in_the_background_does_not_hide_another(make_panel):
    panel = make_panel()
    panel.widget._ahead.told.emit("loading the model...")
    panel.widget.annotator.updates.told.emit("getting ready for updates...")
    shown = panel.form.status.next_step
    assert "oading the model... getting ready" in shown.text()
    panel.widget._ahead.told.emit("")
    assert "etting ready for updates..." in shown.text()
    panel.widget.annotator.updates.told.emit("")
    assert "..." not in shown.text()


def test_a_name_outside_the_list_imports_no_pytorch_into_the_window():
    code = """
import sys
from types import SimpleNamespace
from qtpy.QtWidgets import QApplication
app = QApplication([])
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.jobs.run_request import RunRequests
form = Form()
form.model.setEditText("ViT-B-16/laion400m_e32")
assert RunRequests(SimpleNamespace(), form).ready_model() is None
sys.exit(bool({"torch", "open_clip"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_nothing_is_fetched_and_no_licence_passed_over(make_panel, method, qtbot, monkeypatch):
    from napari_ovseg._napari.jobs import run_request

    method.let.set()
    panel = make_panel(method, show=True)
    qtbot.waitUntil(lambda: method.loads == 1)
    panel.form.model.setEditText(DEFAULT)
    assert panel.widget._requests.ready_model() is None
    monkeypatch.setattr("napari_ovseg.models.clip.download.is_cached", lambda card: True)
    assert panel.widget._requests.ready_model() == (DEFAULT, "auto")
    monkeypatch.setattr(run_request, "licence_notice", lambda name: "research only")
    assert panel.widget._requests.ready_model() is None
