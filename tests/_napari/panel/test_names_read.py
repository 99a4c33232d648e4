from __future__ import annotations

import pytest
from qtpy.QtWidgets import QPlainTextEdit

from napari_ovseg._napari.panel.names_read import NamesRead


@pytest.fixture
def names(qtbot):
    box = QPlainTextEdit()
    qtbot.addWidget(box)
    return box


@pytest.fixture
def line(names, qtbot):
    line = NamesRead(names)
    qtbot.addWidget(line)
    return line


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("cat", "1 name: cat"),
        ("细胞，纤维、碎片", "3 names: 细胞 | 纤维 | 碎片"),
        (
            "a cat. dog: puppy, hound\nbackground: sky, sea",
            "2 names: a cat | dog = puppy, hound | not: sky, sea",
        ),
    ],
)
def test_what_was_typed_is_shown_as_it_is_read(names, line, typed, said):
    names.setPlainText(typed)
    assert line.text() == said
    assert "color" not in line.styleSheet()


def test_what_can_t_be_read_is_said_until_it_is_mended(names, line):
    names.setPlainText("cat, cat")
    assert "typed twice" in line.text()
    assert "color" in line.styleSheet()
    names.setPlainText("cat, dog")
    assert line.text() == "2 names: cat | dog"
    assert "color" not in line.styleSheet()


def test_a_long_list_takes_one_line_and_no_width(names, line):
    height, width = line.sizeHint().height(), line.minimumSizeHint().width()
    names.setPlainText("\n".join(f"a rather long name {number}" for number in range(40)))
    assert line.sizeHint().height() == height
    assert line.minimumSizeHint().width() == width
    assert line.toolTip().count("\n") == 40
