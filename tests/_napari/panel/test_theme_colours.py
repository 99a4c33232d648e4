"""Contrast as WCAG has it, on both of napari's themes, and after one was changed for the other."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QIcon, QPalette

from napari_ovseg._napari.panel.category_cells import LOCK, NAME, ONLY
from napari_ovseg._napari.panel.theme_colours import ICON_CONTRAST, PROBLEM, TEXT_CONTRAST, contrast, readable

from ..fakes import FakeMethod
from ..used_panel import NOISE


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("black", "white", 21.0), ("red", "red", 1.0), ("#767676", "white", 4.54), ("#0000ff", "white", 8.59)],
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert contrast(QColor(one), QColor(other)) == pytest.approx(expected, abs=0.01)
    assert contrast(QColor(other), QColor(one)) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("ground", ["#23242b", "#ebe7e6", "#808080", "#ffffff", "#000000"])
def test_a_colour_is_changed_only_as_far_as_it_must_be(ground):
    ground = QColor(ground)
    found = readable(PROBLEM, ground)
    assert contrast(found, ground) >= TEXT_CONTRAST
    if contrast(PROBLEM, ground) >= TEXT_CONTRAST:
        assert found == PROBLEM
    else:
        assert contrast(found, ground) < TEXT_CONTRAST + 0.4


def ink(icon, mode):
    """The colour that most of an icon is drawn in."""
    image = icon.pixmap(QSize(32, 32), mode).toImage()
    opaque = [
        image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 250
    ]  # fmt: skip
    return max(opaque, key=opaque.count)


@pytest.mark.parametrize("themes", [["dark"], ["light"], ["dark", "light"], ["light", "dark"]])
def test_words_and_icons_can_be_read(make_panel, themes):
    panel = make_panel(FakeMethod(absent=("dark",)), show=True)
    form, table = panel.form, panel.form.table
    panel.viewer.theme = themes[0]
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    form.show_message("It went wrong.", error=True)
    form.saving.show_problem("The disk is full.")
    form.names.setPlainText("cat, cat")
    panel.viewer.theme = themes[-1]
    said = [form.message, form.saving.problem, form.names_read]
    quiet = [form.status.next_step, form.settings.summary, form.settings.cost]
    for label in (*said, *quiet):
        palette = label.palette()
        ground = palette.color(QPalette.ColorRole.Window)
        assert contrast(palette.color(QPalette.ColorRole.WindowText), ground) >= TEXT_CONTRAST, label.text()
    assert all(label.palette().color(QPalette.ColorRole.WindowText).hslSaturation() > 60 for label in said)
    palette = table.palette()
    base, chosen = (palette.color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Highlight))
    assert (base.lightness() > 128) == (themes[-1] == "light")
    assert contrast(table.item(1, NAME).foreground().color(), base) >= TEXT_CONTRAST
    for column in (LOCK, ONLY):
        icon = table.item(0, column).icon()
        assert contrast(ink(icon, QIcon.Mode.Normal), base) >= ICON_CONTRAST
        assert contrast(ink(icon, QIcon.Mode.Selected), chosen) >= ICON_CONTRAST
