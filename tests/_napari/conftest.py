import errno
import os

import pytest
from qtpy.QtCore import QSettings

from napari_ovseg._napari.torch_loading import load_torch
from napari_ovseg.annotation import places

from .fakes import FakeMethod

# Other tests may import PyTorch after a window was opened here, which has to be done with care.
load_torch()


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Nothing of a test goes into the folders of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(places, "user_data_path", lambda *args, **kwargs: home)
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


@pytest.fixture
def make_panel(make_napari_viewer, qtbot):
    """``make_panel(method=FakeMethod(), show=False) -> Panel``; waits at the end until nothing runs."""
    # after PyTorch: it imports the window
    from .panel import Panel

    panels = []

    def make(method=None, *, show=False):
        panels.append(Panel(qtbot, make_napari_viewer(show=show), method or FakeMethod()))
        return panels[-1]

    yield make
    for panel in panels:
        panel.method.hold.set()
        panel.wait_until_idle()
