"""The row that offers saved work: looked for and loaded in the background, nothing modal."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_ovseg._napari.panel import resume as resume_module
from napari_ovseg._napari.panel.resume import ResumeOffer
from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.last_save import state_of
from napari_ovseg.annotation.resuming import look_up
from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, load, save
from napari_ovseg.labelled import NamedLabel

PIXELS = np.zeros((5, 7), np.uint8)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "cells.tif"
    path.write_bytes(b"pixels")
    return path


@pytest.fixture
def saved(picture):
    found = look_up("cells", PIXELS, picture)
    slices = {(i,): SliceAnnotation(PIXELS + i, PIXELS) for i in range(2)}
    annotation = Annotation((NamedLabel(1, "cell", (1, 2, 3)),), slices=slices, picture=found.picture)
    save(annotation, found.place)
    return found.place


@pytest.fixture
def offer(qtbot):
    offer = ResumeOffer()
    qtbot.addWidget(offer)
    return offer


def look(qtbot, offer, *args, **kwargs):
    with qtbot.waitSignal(offer.found) as signal:
        offer.look(*args, **kwargs)
    return signal.args[0]


def test_without_saved_work_the_row_stays_hidden(qtbot, offer, picture):
    found = look(qtbot, offer, "cells", PIXELS, picture)
    assert found.picture.path == picture
    assert found.sidecar is None
    assert offer.isHidden()


def test_resume_loads_the_work_and_what_follows_is_saved_there(qtbot, offer, picture, saved):
    look(qtbot, offer, "cells", PIXELS, picture)
    assert not offer.isHidden()
    assert not offer.earlier.isVisibleTo(offer)
    assert "1 category, 2 slices" in offer.text.text()
    with qtbot.waitSignal(offer.accepted) as signal:
        offer.resume.click()
    resumed = signal.args[0]
    assert offer.isHidden()
    assert sorted(resumed.annotation.slices) == [(0,), (1,)]
    resumed.sidecar.save(Annotation(()))
    assert load(saved).labels == ()


def test_earlier_work_can_be_chosen_and_what_follows_is_the_present_work(qtbot, offer, picture, saved):
    newer = Annotation((NamedLabel(1, "newer", (1, 2, 3)),))
    Sidecar(saved, other=state_of(saved)).save(newer)
    look(qtbot, offer, "cells", PIXELS, picture)
    assert "1 category." in offer.text.text()
    assert offer.earlier.isVisibleTo(offer)
    (entry,) = offer.earlier.menu().actions()
    assert entry.text().endswith("1 category, 2 slices")
    with qtbot.waitSignal(offer.accepted) as signal:
        entry.trigger()
    resumed = signal.args[0]
    assert sorted(resumed.annotation.slices) == [(0,), (1,)]
    resumed.sidecar.save(resumed.annotation)
    assert sorted(load(saved).slices) == [(0,), (1,)]
    assert load(saved / "earlier" / "2") == newer


def test_ignore_leaves_what_was_saved(qtbot, offer, picture, saved):
    found = look(qtbot, offer, "cells", PIXELS, picture)
    with qtbot.waitSignal(offer.declined) as signal:
        offer.ignore.click()
    assert signal.args == [found]
    assert offer.isHidden()
    assert len(load(saved).slices) == 2


def test_a_changed_picture_and_another_model_are_said(qtbot, offer, picture, saved):
    sidecar = Sidecar(saved)
    annotation = sidecar.load()
    annotation.slices[(0,)].record = {"model": "demo"}
    sidecar.save(annotation)
    picture.write_bytes(b"other pixels")
    look(qtbot, offer, "cells", PIXELS, picture, model="ViT-B-16/openai")
    assert "cells.tif has changed since" in offer.text.text()
    assert "'ViT-B-16/openai' is chosen now" in offer.text.text()
    assert offer.resume.isEnabled()


def test_what_cant_be_read_cant_be_resumed(qtbot, offer, picture, saved):
    (saved / DOCUMENT).write_text("[]")
    look(qtbot, offer, "cells", PIXELS, picture)
    assert "no annotation of napari-ovseg" in offer.text.text()
    assert not offer.resume.isEnabled()
    assert offer.ignore.isEnabled()


def test_the_rest_of_damaged_work_can_be_resumed(qtbot, offer, picture, saved):
    next(saved.glob("slice-0-*")).write_bytes(b"PK")
    look(qtbot, offer, "cells", PIXELS, picture)
    offer.resume.click()
    qtbot.waitUntil(lambda: offer.resume.text() == "Resume the rest")
    assert "slice-0-" in offer.text.text()
    with qtbot.waitSignal(offer.accepted) as signal:
        offer.resume.click()
    assert list(signal.args[0].annotation.slices) == [(1,)]


def test_only_the_picture_chosen_last_is_offered(qtbot, offer, picture, saved, monkeypatch):
    go, slow_done = threading.Event(), threading.Event()

    def slow(name, *args, **kwargs):
        if name == "slow":
            go.wait(10)
            slow_done.set()
        return look_up(name, *args, **kwargs)

    monkeypatch.setattr(resume_module, "look_up", slow)
    heard = []
    offer.found.connect(lambda found, picture: heard.append((picture, found.sidecar)))
    offer.look("slow", PIXELS, picture, picture="slow")
    offer.look("sample", PIXELS + 9, picture="sample")
    go.set()
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert slow_done.is_set()
    qtbot.wait(50)
    # of the one that was turned away from it is still told where its work belongs
    assert heard == [("slow", saved), ("sample", None)]
    assert offer.isHidden()


def test_work_that_arrives_after_another_picture_was_chosen_is_dropped(qtbot, offer, picture, saved):
    look(qtbot, offer, "cells", PIXELS, picture)
    with qtbot.assertNotEmitted(offer.accepted, wait=300):
        offer.resume.click()
        offer.clear()


def test_where_looking_fails_there_is_a_place_all_the_same(qtbot, offer, picture, own_folders, monkeypatch):
    monkeypatch.setattr(resume_module, "look_up", lambda *_, **__: 1 / 0)
    found = look(qtbot, offer, "cells", PIXELS, picture)
    assert "ZeroDivisionError" in found.problem
    assert found.place.parent == own_folders / "annotations"
    assert found.picture.path == picture
    assert offer.isHidden()
    monkeypatch.undo()
    assert look_up("cells", PIXELS, picture).sidecar is None


def test_where_no_place_is_found_it_is_said_of_which_picture(qtbot, offer, picture, monkeypatch):
    for name in ("look_up", "not_looked_up"):
        monkeypatch.setattr(resume_module, name, lambda *_, **__: 1 / 0)
    with qtbot.waitSignal(offer.failed) as signal:
        offer.look("cells", PIXELS, picture, picture="a layer")
    assert "ZeroDivisionError" in signal.args[0]
    assert signal.args[1] == "a layer"
    assert offer.isHidden()


def test_work_that_could_not_be_shown_is_offered_again(qtbot, offer, picture, saved):
    look(qtbot, offer, "cells", PIXELS, picture)
    for _attempt in range(2):
        with qtbot.waitSignal(offer.accepted) as signal:
            offer.resume.click()
        assert offer.isHidden()
        offer.offer_again(signal.args[0].found, "Choose its channels as they were.")
        assert "channels" in offer.text.text()
        assert offer.resume.isEnabled()
