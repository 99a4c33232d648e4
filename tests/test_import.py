from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "open_clip", "timm", "skimage", "scipy")


@pytest.mark.parametrize(
    ("module", "kept_out"),
    [
        ("napari_ovseg", HEAVY),
        ("napari_ovseg.cli", HEAVY),
        ("napari_ovseg.export", HEAVY),
        ("napari_ovseg._napari.widget", ("torch", "open_clip", "timm")),
    ],
)
def test_import_is_light(module, kept_out):
    code = f"import sys, {module}; print([m for m in {kept_out!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_public_names_are_found_and_unknown_ones_are_not():
    import napari_ovseg

    assert {"segment", "load_model", "parse_categories", "segment_maps", "relevance_maps"} <= set(
        dir(napari_ovseg)
    )
    assert napari_ovseg.parse_categories("a")[0].name == "a"
    with pytest.raises(AttributeError, match="no_such_name"):
        napari_ovseg.no_such_name  # noqa: B018
