import pytest
from qtpy.QtCore import QSettings

from napari_ovseg._napari.torch_loading import load_torch
from napari_ovseg.annotation import places

# Other tests may import PyTorch after a window was opened here, which has to be done with care.
load_torch()


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Nothing of a test goes into the folders of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(places, "user_data_path", lambda *args, **kwargs: home)
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(home))
    return home
