import pytest

from napari_ovseg._napari.jobs.time_left import Estimate, TimeLeft, spoken


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def seconds(left, *step):
    return left.left(*step).seconds


def test_a_stage_is_extrapolated_from_its_own_pace(clock):
    left = TimeLeft(clock)
    left.start("settings")
    assert left.left("look", 0, 10) is None
    clock.now = 4
    assert left.left("look", 2, 10) == Estimate(pytest.approx(16), whole=False)


def test_later_stages_are_known_from_an_earlier_run_with_the_same_settings(clock):
    left = TimeLeft(clock)
    left.start("settings")
    left.begin_slices()
    left.left("look", 0, 10)
    clock.now = 10
    left.left("train", 0, 100)
    clock.now = 17
    left.finish_slice()
    for settings, expected in (("settings", 5 + 7), ("others", 5)):
        left.start(settings)
        left.begin_slices()
        left.left("look", 0, 10)
        clock.now += 5
        assert seconds(left, "look", 5, 10) == pytest.approx(expected)


def test_a_known_stage_has_an_estimate_before_its_first_step(clock):
    left = TimeLeft(clock)
    left.start("settings")
    left.begin_slices()
    left.left("look", 0, 1)
    clock.now = 10
    left.finish_slice()
    left.start("settings")
    left.begin_slices()
    assert seconds(left, "look", 0, 1) == pytest.approx(10)
    clock.now = 25
    assert seconds(left, "look", 0, 1) == 0


def run_slices(left, clock, count, *, look, train, told=None):
    """Go through slices of two stages; collect what was said half way through the first, and what was so."""
    end = clock.now + count * (look + train)
    for _ in range(count):
        left.left("look", 0, 2)
        clock.now += look / 2
        if told is not None:
            told.append((left.left("look", 1, 2), end - clock.now))
        clock.now += look / 2
        left.left("train", 0, 2)
        clock.now += train
        left.finish_slice()


def test_the_slices_to_come_count_in_the_first_one_too(clock):
    left, told = TimeLeft(clock), []
    left.start("settings", slices=20)
    left.left("load", 0, 0)
    clock.now = 30
    left.begin_slices()
    run_slices(left, clock, 20, look=8, train=4, told=told)
    first, true = told[0]
    assert first == Estimate(pytest.approx(4 + 19 * 8), whole=False)
    assert first.seconds < true
    for said, true in told[1:]:
        assert said == Estimate(pytest.approx(true), whole=True)


def test_loading_the_model_is_expected_once_and_not_for_each_slice(clock):
    left = TimeLeft(clock)
    for _ in range(2):
        left.start("settings", slices=3)
        before = left.left("load", 0, 0)
        clock.now += 30
        left.begin_slices()
        run_slices(left, clock, 3, look=8, train=4)
    assert before == Estimate(pytest.approx(30 + 3 * 12), whole=True)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, ""),
        (Estimate(0.2), "about 1 s left"),
        (Estimate(42.4), "about 42 s left"),
        (Estimate(150), "about 2 min left"),
        (Estimate(42.4, whole=False), "over 42 s left"),
    ],
)
def test_durations_are_put_into_words(left, words):
    assert spoken(left) == words
