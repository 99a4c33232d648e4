from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.export.json_text import json_text, write_json


@given(st.dictionaries(st.text(), st.lists(st.text() | st.integers())), st.sampled_from([None, 1]))
def test_it_is_ascii_and_says_the_same(content, indent):
    written = json_text(content, indent=indent)
    assert written.isascii()
    assert json.loads(written) == content


def test_bytes_that_are_no_text_are_escaped_as_in_names():
    assert json_text({"caf\udce9": "é🧫"}) == b'{"caf%E9": "\\u00e9\\ud83e\\uddeb"}'


@pytest.mark.parametrize("listed", [[], [{"a": 1}], [{"é": [1, 2]}, {"b": None}]])
def test_what_is_written_one_by_one_is_the_same(listed):
    content = {"first": {"x": "ü"}, "listed": listed, "last": [1, "2"]}
    file = BytesIO()
    write_json(file, content | {"listed": iter(listed)})
    assert file.getvalue() == json_text(content)
    empty = BytesIO()
    write_json(empty, {})
    assert empty.getvalue() == json_text({})
