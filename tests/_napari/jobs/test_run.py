from types import SimpleNamespace

import numpy as np
import pytest

from napari_ovseg._napari.jobs.events import Failed, Finished, Progressed, PseudoLabelled, Segmented
from napari_ovseg._napari.jobs.run import Request, run_steps
from napari_ovseg._napari.layers.placement import Placement
from napari_ovseg._napari.layers.source import LayerSource
from napari_ovseg.annotation.found import table_for
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.settings import Settings

from ..fakes import FakeMethod

PLACEMENT = Placement((0, 1), (1.0, 1.0), (40, 50), (), ())


def request(data, names="bright"):
    source = LayerSource("photo", data, (slice(None),) * 2, PLACEMENT, data.ndim == 3, None, None, None)
    categories = parse_categories(names)
    settings = Settings(names=categories, model="demo", preset="fast", device="cpu")
    return Request(7, (source,), settings, table_for(categories))


def events(method, data, should_stop=lambda: False):
    emitted = []
    for event in run_steps(request(data), method.engine, emitted.append, should_stop):
        emitted.append(event)
    return emitted


def picture():
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def test_events_come_in_order_and_carry_the_runs_number():
    found = events(FakeMethod(steps=3), picture())
    assert {event.number for event in found} == {7}
    kinds = [type(event) for event in found]
    assert kinds[-3:] == [PseudoLabelled, Segmented, Finished]
    assert set(kinds[:-3]) == {Progressed}
    assert found[0].stage == "Loading the model"


def test_many_small_steps_are_thinned_out():
    found = events(FakeMethod(steps=5000), picture())
    assert sum(isinstance(event, Progressed) for event in found) < 500


def test_the_pseudo_labels_handed_over_are_a_copy():
    method = FakeMethod()
    handed = []

    def segment(*args, on_pseudo_labels, **kwargs):
        def remember(labels, confidence):
            on_pseudo_labels(labels, confidence)
            handed.append(labels)

        return method.segment(*args, on_pseudo_labels=remember, **kwargs)

    found = events(
        SimpleNamespace(engine=SimpleNamespace(load_model=method.load_model, segment=segment)), picture()
    )
    (event,) = [event for event in found if isinstance(event, PseudoLabelled)]
    assert np.array_equal(event.labels, handed[0])
    assert not np.shares_memory(event.labels, handed[0])


@pytest.mark.parametrize(
    "error", [InputError("Mend it."), RuntimeError("boom"), MemoryError(), OSError("disk")]
)
def test_no_error_leaves_the_thread(error):
    last = events(FakeMethod(error=error), picture())[-1]
    assert isinstance(last, Failed)
    assert (last.error is None) == isinstance(error, InputError)


def test_an_unreadable_picture_is_a_failure_like_any_other():
    def refuse(index):
        raise OSError("chunk 3 is missing")

    lazy = SimpleNamespace(ndim=2, __getitem__=refuse)
    last = events(FakeMethod(), lazy)[-1]
    assert isinstance(last, Failed)


def test_stopping_while_weights_are_fetched():
    last = events(FakeMethod(), picture(), should_stop=lambda: True)[-1]
    assert isinstance(last, Failed)
    assert last.error is None
