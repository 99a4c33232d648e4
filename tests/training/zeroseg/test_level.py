"""Where background begins: as many words are said to be there as the teacher finds."""

from __future__ import annotations

import pytest
import torch

from napari_ovseg.models.likeness import Likeness
from napari_ovseg.training.zeroseg.level import background_level, level_of, words_of


@pytest.mark.parametrize("count", [1, 7, 29, 30])
def test_as_many_reach_the_level_as_the_teacher_finds(count):
    logits = torch.randn(30, generator=torch.Generator().manual_seed(count))
    level = level_of(logits, count, 0.0)
    assert sum(float(one) >= level for one in logits) == count


def test_where_nothing_is_found_the_level_is_the_one_given():
    assert level_of(torch.randn(4), 0, -1.5) == -1.5


class Teacher:
    """Finds the first word in the first picture, the last two in the second."""

    likeness = Likeness(scale=10.0, bias=-5.0)

    def encode(self, phrases):
        return torch.eye(4)[[int(one) for one in phrases]]


def test_the_words_of_all_segments_in_use_are_compared_with_those_of_all_crops():
    found = torch.tensor([[0.9, 0.1, 0.1, 0.1], [0.1, 0.1, 0.8, 0.9]])
    segments = {"one": [[1.0, 0.6, 0, 0], [0, 0, 0, 1.0]], "two": [[0, 0, 0.8, 0.6], [0, 1.0, 0, 0]]}

    class Shown:
        def vectors(self, names):
            return found[[int(names[0] == "two")]][:, None].expand(-1, 30, -1)

        def pixels(self, names):
            return torch.full((1, 3, 8, 8), float(names[0] == "two"))

    class Network:
        centre = torch.zeros(4)

        def __call__(self, pixels):
            name = "two" if pixels.mean() > 0.5 else "one"
            # the second segment has no patch
            return torch.tensor(segments[name])[None], torch.zeros(1, 1, dtype=torch.long)

    level = background_level(Network(), Teacher(), Shown(), ["one", "two"], ["0", "1", "2", "3"])
    # cosines with words: 0.857 0.514 0 0, and 0 0 0.8 0.6; the teacher finds three
    assert level == pytest.approx(10 * (0.6 + 0.6 / 1.36**0.5) / 2 - 5, abs=1e-4)


def test_words_are_spread_over_those_that_a_teacher_suggests(model):
    words = words_of(model)
    assert 1 < len(words) <= 100
    assert len({*words}) == len(words)
