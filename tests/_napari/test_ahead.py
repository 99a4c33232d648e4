import threading

import pytest

from napari_ovseg.clip.registry import DEFAULT

from .fakes import FakeMethod
from .panel import NOISE


class SlowToLoad(FakeMethod):
    """Loads until it is let go on."""

    def __init__(self):
        super().__init__()
        self.let, self.loading, self.loads = threading.Event(), threading.Event(), 0

    def load_model(self, name, **how):
        if not self.loads:
            self.loading.set()
            self.let.wait(20)
        self.loads += 1
        return super().load_model(name, **how)


@pytest.fixture
def method(monkeypatch):
    from napari_ovseg._napari import ahead

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
    panel.click_cancel()
    qtbot.waitUntil(lambda: not panel.widget.busy, timeout=500)
    assert not method.let.is_set()
    assert panel.form.run.isEnabled()


def test_what_was_unloaded_stays_so_until_the_next_run(make_panel, method, qtbot, monkeypatch):
    from napari_ovseg.clip import loading

    forgotten = []
    monkeypatch.setattr(loading, "forget", forgotten.append)
    panel = make_panel(method, show=True)
    qtbot.waitUntil(method.loading.is_set)
    panel.form.unload.click()
    method.let.set()
    qtbot.waitUntil(lambda: len(forgotten) == 1)
    panel.form.device.value = "cpu"
    qtbot.wait(60)
    assert method.loads == 1


def test_nothing_is_fetched_and_no_licence_passed_over(make_panel, method, qtbot, monkeypatch):
    from napari_ovseg._napari import run_request

    method.let.set()
    panel = make_panel(method, show=True)
    qtbot.waitUntil(lambda: method.loads == 1)
    panel.form.model.setEditText(DEFAULT)
    assert panel.widget._requests.ready_model() is None
    monkeypatch.setattr(run_request, "is_cached", lambda spec: True)
    assert panel.widget._requests.ready_model() == (DEFAULT, "auto")
    monkeypatch.setattr(run_request, "licence_notice", lambda name: "research only")
    assert panel.widget._requests.ready_model() is None
