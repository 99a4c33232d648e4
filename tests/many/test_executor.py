"""Who does the jobs: the one that is there, and others that keep the contract in their own way."""

from __future__ import annotations

import pickle

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import ModelError
from napari_ovseg.many import plan
from napari_ovseg.many.executor import Executor, InThisProcess
from napari_ovseg.many.work import Work
from napari_ovseg.settings import Settings

from .stand_in import MODEL, every_file, picture, run

WORK = Work(Settings(names=parse_categories("cat")))


class FarAway:
    """Sends work and jobs as bytes, loses a worker once, and gives results in its own order."""

    def map(self, work, jobs):
        sent = [pickle.dumps((work, job)) for job in jobs]
        lost, *others = [*sent, *sent[:1]]
        there = [pickle.loads(one) for one in (lost, *others)]
        results = [there_work(job, MODEL) for there_work, job in there]
        # the lost one's first result never came
        yield from (pickle.loads(pickle.dumps(result)) for result in reversed(results[1:]))


def test_any_that_keeps_the_contract_gives_the_same_files(tmp_path, method):
    files = [picture(tmp_path / name, red) for red, name in enumerate(("b.png", "a.png", "c.png"))]
    (tmp_path / "bad.png").write_bytes(b"nothing")
    files.insert(1, tmp_path / "bad.png")
    far: Executor = FarAway()
    results = run(files, tmp_path / "far", executor=far)
    assert [result.job.stem for result in results] == ["b", "c", "a", "bad"]
    assert [bool(result.problem) for result in results] == [False, False, False, True]
    run(files, tmp_path / "here")
    assert every_file(tmp_path / "far") == every_file(tmp_path / "here")


def test_this_process_begins_a_job_when_its_result_is_asked_for(tmp_path, method):
    files = [picture(tmp_path / f"{red}.png", red) for red in (1, 2, 255)]
    method.error = ModelError("It has no layers.")
    taken = []
    jobs = (taken.append(job) or job for job in plan(files, tmp_path / "out"))
    results = InThisProcess(MODEL).map(WORK, jobs)
    assert (taken, method.seen) == ([], [])
    next(results)
    assert (len(taken), method.seen) == (1, [1])
    next(results)
    with pytest.raises(ModelError):
        next(results)
    assert not (tmp_path / "out").exists()
