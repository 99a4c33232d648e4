"""Saving in the background, with real event loops, slow disks and full ones."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from napari_ovseg.annotation import Annotation, slice_file
from napari_ovseg.annotation.sidecar import Sidecar, load, save
from napari_ovseg.errors import OutputError
from napari_ovseg.labelled import NamedLabel

from ..desk import IDENTITY, Desk, on_disk
from ..waits import run_out


@pytest.fixture
def slow(monkeypatch):
    """A disk that waits for a signal; counts how many writes are under way at once."""
    write, go, inside = slice_file.write, threading.Event(), []

    def slow_write(file, arrays):
        inside.append(len(inside) + 1)
        go.wait(20)
        write(file, arrays)
        inside.pop()

    monkeypatch.setattr(slice_file, "write", slow_write)
    yield type("Slow", (), {"go": go, "inside": inside})
    go.set()


def test_a_change_is_on_the_disk_within_seconds(qtbot, desk, monkeypatch):
    monkeypatch.undo()
    started = time.monotonic()
    desk.paint(3)
    assert desk.autosave.unsaved
    with qtbot.waitSignal(desk.autosave.saved, timeout=5000) as signal:
        pass
    assert time.monotonic() - started < 5
    assert signal.args == [desk.place]
    assert on_disk(desk.place) == 3
    assert not desk.autosave.unsaved
    assert desk.said == []


def test_painting_without_a_pause_does_not_put_off_saving(qtbot, desk):
    seen = set()
    for value in range(1, 60):
        desk.paint(value)
        qtbot.wait(10)
        seen.add(on_disk(desk.place))
    assert len(seen) > 3
    qtbot.waitUntil(lambda: on_disk(desk.place) == 59)


def test_nothing_is_saved_without_a_change(qtbot, desk):
    run_out(qtbot, desk.window)
    assert desk.autosave.flush()
    assert desk.snapshots == 0
    assert not desk.place.exists()


def test_the_window_goes_on_while_a_slow_disk_writes(qtbot, desk, slow):
    desk.paint(1)
    qtbot.waitUntil(lambda: slow.inside == [1])
    desk.paint(2)
    desk.paint(3)
    run_out(qtbot, desk.window)
    assert slow.inside == [1], "two writes at once"
    assert on_disk(desk.place) is None
    slow.go.set()
    qtbot.waitUntil(lambda: on_disk(desk.place) == 3)
    assert desk.snapshots == 2


def test_what_is_painted_while_writing_is_not_in_that_write(qtbot, desk, slow):
    desk.paint(1)
    qtbot.waitUntil(lambda: slow.inside == [1])
    desk.masks[:] = 77
    slow.go.set()
    qtbot.waitUntil(lambda: not desk.autosave.unsaved)
    assert on_disk(desk.place) == 1


def test_a_flush_waits_for_the_write_under_way_and_saves_the_rest(qtbot, desk, slow):
    desk.paint(1)
    qtbot.waitUntil(lambda: slow.inside == [1])
    desk.paint(2)
    threading.Timer(0.2, slow.go.set).start()
    assert desk.autosave.flush()
    assert on_disk(desk.place) == 2
    with qtbot.assertNotEmitted(desk.autosave.saved, wait=200):
        pass


def test_a_flush_also_waits_for_a_write_that_goes_beside_other_work(qtbot, desk, monkeypatch):
    save(Annotation((NamedLabel(1, "older", (1, 2, 3)),)), desk.place)
    write = slice_file.write

    def slow_write(file, arrays):
        time.sleep(0.2)
        write(file, arrays)

    monkeypatch.setattr(slice_file, "write", slow_write)
    desk.paint(2)
    assert desk.autosave.flush()
    assert on_disk(desk.place / "beside" / "1") == 2


def test_a_full_disk_is_said_once_and_tried_again(qtbot, desk, full):
    desk.paint(1)
    qtbot.waitUntil(lambda: desk.snapshots > 2, timeout=10_000)
    (said,) = desk.said
    assert said.startswith("Your work is not saved. There is no room on the disk")
    assert desk.autosave.unsaved
    assert not desk.autosave.flush()
    full["full"] = False
    with qtbot.waitSignal(desk.autosave.saved, timeout=10_000):
        pass
    assert on_disk(desk.place) == 1
    assert len(desk.said) == 2
    assert "works again" in desk.said[1]
    assert desk.failures == [True, False]


def test_a_failed_write_takes_its_changed_slices_along(qtbot, desk, full):
    full["full"] = False
    desk.paint(1)
    assert desk.autosave.flush()
    full["full"] = True
    desk.paint(2)
    assert not desk.autosave.flush()
    full["full"] = False
    # The next snapshot names no slice, as only the list of names changed.
    desk.autosave.touch()
    assert desk.autosave.flush()
    assert on_disk(desk.place) == 2


def test_a_snapshot_that_fails_is_said_and_tried_again(qtbot, desk, monkeypatch):
    snapshot = desk.autosave._snapshot
    monkeypatch.setattr(desk.autosave, "_snapshot", lambda again: 1 / 0)
    desk.paint(5)
    qtbot.waitUntil(lambda: desk.said != [])
    assert "ZeroDivisionError" in desk.said[0]
    monkeypatch.setattr(desk.autosave, "_snapshot", snapshot)
    qtbot.waitUntil(lambda: on_disk(desk.place) == 5)


def test_a_place_that_is_not_known_yet(qtbot, desk):
    place, desk.place = desk.place, None
    desk.paint(1)
    assert not desk.autosave.flush()
    assert desk.autosave.unsaved
    # the layers may be gone before it is known: a copy was taken
    desk.masks[:] = 77
    desk.place = place
    qtbot.waitUntil(lambda: on_disk(place) == 1)
    assert desk.said == []
    assert load(place).picture == IDENTITY


def test_saved_work_that_was_not_resumed_stays(qtbot, desk):
    older = Annotation((NamedLabel(1, "older", (1, 2, 3)),))
    save(older, desk.place)
    desk.paint(1)
    second = desk.place / "beside" / "1"
    qtbot.waitUntil(lambda: on_disk(second) == 1)
    assert load(desk.place) == older
    (said,) = desk.said
    assert "was not overwritten" in said
    assert "saved to cells.tif.ovseg/beside/1" in said
    assert desk.failures == [False]
    desk.paint(2)
    qtbot.waitUntil(lambda: on_disk(second) == 2)
    assert len(desk.said) == 1


def test_resumed_work_is_saved_where_it_came_from(qtbot, desk):
    second = desk.place / "beside" / "1"
    for place in (desk.place, second):
        save(Annotation((NamedLabel(1, "older", (1, 2, 3)),)), place)
    sidecar = Sidecar(second)
    sidecar.load()
    desk.autosave.adopt(desk.place, sidecar)
    desk.paint(1)
    qtbot.waitUntil(lambda: on_disk(second) == 1)
    assert desk.said == []
    assert load(desk.place).labels[0].name == "older"


def test_two_windows_on_one_picture_both_keep_their_work(qtbot, desk):
    other = Desk(desk.place, qtbot)
    desk.paint(1)
    assert desk.autosave.flush()
    other.paint(2)
    assert other.autosave.flush()
    desk.paint(3)
    assert desk.autosave.flush()
    assert on_disk(desk.place) == 3
    assert on_disk(desk.place / "beside" / "1") == 2
    assert desk.said == []
    assert len(other.said) == 1


def test_going_back_and_forth_between_pictures(qtbot, desk, tmp_path):
    places = [desk.place, tmp_path / "other.tif.ovseg"]
    for value in range(1, 5):
        desk.place = places[value % 2]
        desk.paint(value)
        assert desk.autosave.flush()
    assert [on_disk(place) for place in places] == [4, 3]
    assert desk.said == []


def test_what_could_not_be_saved_is_kept_when_another_picture_is_turned_to(qtbot, desk, tmp_path, full):
    other = tmp_path / "other.tif.ovseg"
    desk.places = {0: desk.place, 1: other}
    desk.paint(1)
    assert not desk.autosave.flush()
    desk.picture, desk.masks = 1, np.zeros((20, 30), np.uint8)
    desk.paint(2)
    assert not desk.autosave.flush()
    assert desk.autosave.unsaved
    assert desk.problems[-1].startswith("There is no room on the disk")
    full["full"] = False
    qtbot.waitUntil(lambda: not desk.autosave.unsaved, timeout=10_000)
    assert [on_disk(desk.place), on_disk(other)] == [1, 2]
    assert desk.problems[-1] == ""
    assert [said[:20] for said in desk.said] == ["Your work is not sav", "Saving works again: "]
    # and what follows goes to the same folders
    desk.picture = 0
    desk.paint(3)
    assert desk.autosave.flush()
    assert on_disk(desk.place) == 3
    assert not (desk.place / "beside").exists()


def test_a_disk_that_stays_full_does_not_stop_saving_on_another(qtbot, desk, tmp_path, monkeypatch):
    save_to = Sidecar.save
    other = tmp_path / "other.tif.ovseg"

    def failing(sidecar, *args, **kwargs):
        if sidecar.folder == desk.place:
            raise OutputError("There is no room.")
        save_to(sidecar, *args, **kwargs)

    monkeypatch.setattr(Sidecar, "save", failing)
    desk.places = {0: desk.place, 1: other}
    desk.paint(1)
    assert not desk.autosave.flush()
    desk.picture = 1
    for value in (2, 3):
        desk.paint(value)
        qtbot.waitUntil(lambda value=value: on_disk(other) == value)
    assert desk.autosave.flush()
    assert not desk.autosave.flush_all()
    assert desk.problems[-1] == "There is no room."
    monkeypatch.undo()
    qtbot.waitUntil(lambda: on_disk(desk.place) == 1, timeout=10_000)


def test_what_was_kept_gives_way_to_later_work_on_the_same_picture(qtbot, desk, full):
    desk.paint(1)
    assert not desk.autosave.flush()
    desk.paint(2)
    full["full"] = False
    assert desk.autosave.flush_all()
    assert on_disk(desk.place) == 2
    run_out(qtbot, desk.window)
    assert on_disk(desk.place) == 2


def test_a_flush_of_all_waits_for_a_copy_that_is_being_written_and_saves_the_rest(
    qtbot, desk, tmp_path, slow
):
    other = tmp_path / "other.tif.ovseg"
    desk.places = {0: None, 1: other}
    desk.paint(1)
    assert not desk.autosave.flush()
    desk.places[0] = desk.place
    qtbot.waitUntil(lambda: slow.inside == [1])
    desk.picture = 1
    desk.paint(2)
    threading.Timer(0.2, slow.go.set).start()
    assert desk.autosave.flush_all()
    assert [on_disk(desk.place), on_disk(other)] == [1, 2]


def test_what_was_kept_does_not_replace_the_work_of_others(qtbot, desk, full):
    desk.paint(1)
    assert not desk.autosave.flush()
    desk.picture = None
    full["full"] = False
    save(Annotation((NamedLabel(1, "theirs", (1, 2, 3)),)), desk.place)
    qtbot.waitUntil(lambda: not desk.autosave.unsaved, timeout=10_000)
    assert load(desk.place).labels[0].name == "theirs"
    assert on_disk(desk.place / "beside" / "1") == 1


def test_slices_that_are_no_longer_on_the_disk_are_copied_before_they_are_written(qtbot, desk):
    desk.paint(1)
    assert desk.autosave.flush()
    next(desk.place.glob("slice-1-*")).unlink()
    asked, snapshot = [], desk.autosave._snapshot
    desk.autosave._snapshot = lambda again: (asked.append(again), snapshot(again))[1]
    desk.paint(2)
    assert desk.autosave.flush()
    assert asked == [set(), None]
    assert int(load(desk.place).slices[(1,)].masks[0, 0]) == 3
    assert desk.said == []


@pytest.fixture
def by_hand(desk):
    desk.autosave.set_by_itself(False)
    return desk


def test_by_hand_nothing_is_saved_before_it_is_asked_for(qtbot, by_hand):
    by_hand.paint(1)
    qtbot.wait(200)
    assert not by_hand.autosave.flush()
    qtbot.wait(200)
    assert not by_hand.place.exists()
    assert by_hand.autosave.waits == [0]
    by_hand.paint(2)
    assert by_hand.autosave.save()
    qtbot.waitUntil(lambda: on_disk(by_hand.place) == 2)
    qtbot.waitUntil(lambda: by_hand.autosave.waits == [])
    assert not by_hand.autosave.save()


def test_by_hand_what_is_painted_after_the_press_is_not_saved(qtbot, by_hand, slow):
    by_hand.paint(1)
    by_hand.autosave.save()
    qtbot.waitUntil(lambda: slow.inside == [1])
    by_hand.paint(2)
    slow.go.set()
    qtbot.waitUntil(lambda: on_disk(by_hand.place) == 1)
    qtbot.wait(200)
    assert on_disk(by_hand.place) == 1
    assert by_hand.autosave.waits == [0]


def test_by_hand_work_that_was_turned_away_from_is_saved_with_the_rest(qtbot, by_hand, tmp_path):
    other = tmp_path / "other.tif.ovseg"
    by_hand.places = {0: by_hand.place, 1: other}
    by_hand.paint(1)
    by_hand.autosave.flush()
    by_hand.picture, by_hand.masks = 1, np.zeros((20, 30), np.uint8)
    by_hand.paint(2)
    assert by_hand.autosave.waits == [0, 1]
    by_hand.autosave.save()
    qtbot.waitUntil(lambda: [on_disk(by_hand.place), on_disk(other)] == [1, 2])
    qtbot.waitUntil(lambda: by_hand.autosave.waits == [])
    assert by_hand.said == []


def test_by_hand_one_dead_disk_does_not_keep_the_others_from_being_saved(
    qtbot, by_hand, tmp_path, monkeypatch
):
    save_to, other = Sidecar.save, tmp_path / "other.tif.ovseg"

    def failing(sidecar, *args, **kwargs):
        if sidecar.folder == by_hand.place:
            raise OutputError("There is no room.")
        save_to(sidecar, *args, **kwargs)

    monkeypatch.setattr(Sidecar, "save", failing)
    by_hand.places = {0: by_hand.place, 1: other}
    by_hand.paint(1)
    by_hand.autosave.flush()
    by_hand.picture = 1
    by_hand.paint(2)
    by_hand.autosave.save()
    qtbot.waitUntil(lambda: on_disk(other) == 2)
    qtbot.waitUntil(lambda: by_hand.autosave.waits == [0])
    assert by_hand.problems[-1] == "There is no room."
    monkeypatch.undo()
    qtbot.wait(200)
    assert on_disk(by_hand.place) is None, "tried again unasked"
    by_hand.autosave.save()
    qtbot.waitUntil(lambda: on_disk(by_hand.place) == 1)


def test_by_hand_a_place_that_is_not_known_yet_is_waited_for(qtbot, by_hand):
    place, by_hand.place = by_hand.place, None
    by_hand.paint(1)
    assert by_hand.autosave.save()
    qtbot.wait(100)
    by_hand.place = place
    qtbot.waitUntil(lambda: on_disk(place) == 1)


def test_by_hand_work_that_replaces_other_sets_the_other_aside_unsaved_or_not(qtbot, by_hand):
    by_hand.paint(1)
    by_hand.autosave.flush()
    by_hand.autosave._known.begin_afresh(by_hand.found(0))
    by_hand.picture = 1
    by_hand.paint(2)
    by_hand.autosave.save()
    qtbot.waitUntil(lambda: not by_hand.autosave.unsaved)
    assert on_disk(by_hand.place) == 2
    assert on_disk(by_hand.place / "earlier" / "1") == 1
    assert not (by_hand.place / "beside").exists()


def test_what_waits_is_saved_once_saving_by_itself_is_switched_on(qtbot, by_hand, tmp_path):
    other = tmp_path / "other.tif.ovseg"
    by_hand.places = {0: by_hand.place, 1: other}
    by_hand.paint(1)
    by_hand.autosave.flush()
    by_hand.picture = 1
    by_hand.paint(2)
    by_hand.autosave.set_by_itself(True)
    qtbot.waitUntil(lambda: [on_disk(by_hand.place), on_disk(other)] == [1, 2])
