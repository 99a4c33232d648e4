import pytest
from qtpy.QtCore import QSettings

from napari_ovseg.annotation import places


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory, monkeypatch):
    """Nothing of a test goes into the folders of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(places, "user_data_path", lambda *args, **kwargs: home)
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(home))
    return home
