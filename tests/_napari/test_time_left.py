import pytest

from napari_ovseg._napari.time_left import TimeLeft, spoken


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_stage_is_extrapolated_from_its_own_pace(clock):
    left = TimeLeft(clock)
    left.start("settings")
    assert left.seconds("look", 0, 10) is None
    clock.now = 4
    assert left.seconds("look", 2, 10) == pytest.approx(16)


def test_later_stages_are_known_from_an_earlier_run_with_the_same_settings(clock):
    left = TimeLeft(clock)
    left.start("settings")
    left.seconds("look", 0, 10)
    clock.now = 10
    left.seconds("train", 0, 100)
    clock.now = 17
    left.finish()
    for settings, expected in (("settings", 5 + 7), ("others", 5)):
        left.start(settings)
        left.seconds("look", 0, 10)
        clock.now += 5
        assert left.seconds("look", 5, 10) == pytest.approx(expected)


def test_a_known_stage_has_an_estimate_before_its_first_step(clock):
    left = TimeLeft(clock)
    left.start("settings")
    left.seconds("look", 0, 1)
    clock.now = 10
    left.finish()
    left.start("settings")
    assert left.seconds("look", 0, 1) == pytest.approx(10)
    clock.now = 25
    assert left.seconds("look", 0, 1) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "about 1 s left"), (42.4, "about 42 s left"), (150, "about 2 min left")],
)
def test_durations_are_put_into_words(seconds, words):
    assert spoken(seconds) == words
