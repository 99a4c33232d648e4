import errno
import gc
import os
from functools import partial

import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QSettings

from napari_ovseg._napari import preferences
from napari_ovseg._napari.jobs import engine, torch_loading, update
from napari_ovseg.annotation import places

from .fakes import FakeMethod

# Other tests may import PyTorch after a window was opened here, which has to be done with care.
torch_loading.load_torch()


@pytest.fixture(scope="session", autouse=True)
def manifests_read_once():
    """Each new window looks for plugins; what is installed does not change while tests run."""
    found = list(PluginManifest.discover())
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(PluginManifest, "discover", lambda paths=(): iter(found))
        yield


@pytest.fixture(scope="session", autouse=True)
def seen_again_at_the_end():
    yield
    gc.unfreeze()


@pytest.fixture(scope="module", autouse=True)
def modules_are_no_garbage(seen_again_at_the_end):
    """napari collects all garbage with each layer removed: half a second, most of it on imported modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def qtbot(qtbot):
    """A busy machine is no bug: it took more than the 5 seconds that are usual to write to its disk."""
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=60_000)
    return qtbot


@pytest.fixture(autouse=True)
def no_model_loaded_before(monkeypatch):
    """Each test begins as in a new process: one that has loaded a model looks through all it has set aside
    with each picture that is removed, up to a second.
    """
    monkeypatch.setattr(torch_loading, "_set_aside_once", False)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Nothing of a test goes into the folders of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(places, "user_data_path", lambda *args, **kwargs: home)
    monkeypatch.setattr(preferences, "page", lambda: None)
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(home))
    return home


@pytest.fixture
def disk(monkeypatch):
    """A disk that is full as long as ``disk["full"]`` is true."""
    state, fsync = {"full": False}, os.fsync

    def failing(handle):
        if state["full"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    return state


@pytest.fixture(scope="session")
def hidden_windows(qapp, seen_again_at_the_end):
    """The windows that tests have after one another."""
    from .hidden_windows import HiddenWindows

    windows = HiddenWindows()
    yield windows
    windows.close()


@pytest.fixture
def make_viewer(request, qtbot, hidden_windows):
    """``make_viewer(show=False, on_screen=False) -> Viewer``: empty; it may have been another test's before.

    `show` lays it out without a screen: all in it has its size and counts as visible.
    `on_screen` is for tests of what is drawn and of who has the keyboard: a new one.
    """
    from napari._app_model._app import NapariApplication
    from napari._qt.threads.status_checker import StatusChecker

    def make(*, show=False, on_screen=False):
        if on_screen or "make_napari_viewer" in request.fixturenames:
            return request.getfixturevalue("make_napari_viewer")(show=show or on_screen)
        return hidden_windows.lend(show=show)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NapariApplication, "get_app_model", lambda: hidden_windows.app)
        patch.setattr(StatusChecker, "start", lambda *_: None)
        yield make
        report = getattr(request.node, "rep_call", None)
        hidden_windows.take_back(keep=report is not None and report.passed)


@pytest.fixture
def make_panel(make_viewer, qtbot, monkeypatch):
    """``make_panel(method=FakeMethod(), by_napari=False, **shown) -> Panel``; waits until nothing runs.

    `by_napari` opens it as ``viewer.window.add_plugin_dock_widget`` does, as scripts and ``napari -w`` do;
    `shown` is for `make_viewer`.
    """
    # after PyTorch: it imports the window
    from .used_panel import Panel

    panels = []

    def make(method=None, *, by_napari=False, **shown):
        method = method or FakeMethod()
        for module in (engine, update):
            monkeypatch.setattr(module, "default_engine", lambda: method.engine)
        panels.append(Panel(qtbot, make_viewer(**shown), method, by_napari=by_napari))
        return panels[-1]

    yield make
    for panel in panels:
        panel.method.hold.set()
        if panel.widget is not None:
            panel.wait_until_idle()


@pytest.fixture
def desk(qtbot, tmp_path, monkeypatch):
    """A picture that is saved as soon as it is painted."""
    from napari_ovseg._napari.saving import autosave

    from .desk import Desk

    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    monkeypatch.setattr(autosave, "_RETRY_MS", 80)
    desk = Desk(tmp_path / "cells.tif.ovseg", qtbot)
    yield desk
    desk.autosave.flush()


@pytest.fixture
def full(disk):
    disk["full"] = True
    return disk


@pytest.fixture
def shown(qtbot):
    """A table of categories on the screen."""
    from .shown_table import Shown

    window = Shown(qtbot)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.fill()
    window.said.clear()
    return window
