"""When updates are asked for; what is updated then is tested with the updates."""

from types import SimpleNamespace

from qtpy.QtCore import QObject

from napari_ovseg._napari.jobs import update_requests
from napari_ovseg._napari.jobs.update_requests import UpdateRequests


def test_no_update_follows_a_stroke_once_the_panel_is_gone(qtbot, monkeypatch):
    monkeypatch.setattr(update_requests, "_LIVE_MS", 30)
    asked = []

    def current():
        asked.append(1)
        return None, None

    panel = QObject()
    requests = UpdateRequests(None, SimpleNamespace(busy=False), current, lambda: True, panel)
    requests.update_soon()
    qtbot.waitUntil(lambda: asked == [1])
    requests.update_soon()
    with qtbot.waitSignal(panel.destroyed):
        panel.deleteLater()
    qtbot.wait(100)
    assert asked == [1]
