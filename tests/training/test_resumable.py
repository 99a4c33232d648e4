"""A training that is stopped at any step ends as one that never was."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from napari_ovseg.errors import Cancelled, InputError, ModelError
from napari_ovseg.training import resumable
from napari_ovseg.training.resumable import Training, rate_at

STEPS = 7


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(resumable, "CHECKPOINT_EVERY", 3)


def training(folder, learnt_from="these"):
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    return Training(dict(layer.named_parameters()), folder, learnt_from), layer


def run(folder, killed_at=None):
    """Train, or go on, and be killed in a step; the weights, or None."""
    folder.mkdir(exist_ok=True)
    kept, layer = training(folder)

    def loss_of(chance):
        if len(kept.losses) == killed_at:
            raise Killed
        return layer(torch.rand(4, 3, generator=chance)).square().mean()

    try:
        losses = kept.run(loss_of, STEPS, 0.1)
    except Killed:
        return None
    return losses, layer.state_dict(), (folder / "log.csv").read_text()


@pytest.mark.parametrize("killed_at", range(STEPS))
def test_killed_in_any_step_it_goes_on_bit_by_bit(tmp_path, killed_at):
    losses, weights, log = run(tmp_path / "whole")
    assert run(tmp_path / "parts", killed_at) is None
    kept, _ = training(tmp_path / "parts")
    assert len(kept.losses) == killed_at // 3 * 3
    # and once more, later
    run(tmp_path / "parts", min(killed_at + 2, STEPS - 1))
    losses_again, weights_again, log_again = run(tmp_path / "parts")
    assert losses_again == losses
    assert log_again == log
    for name, value in weights.items():
        assert torch.equal(value, weights_again[name])


def test_killed_while_it_writes_it_goes_on_from_the_checkpoint_before(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole")
    saved = torch.save

    def cut_off(state, file):
        if len(state["losses"]) == 6:
            file.write(b"half")
            raise Killed
        saved(state, file)

    monkeypatch.setattr(resumable.torch, "save", cut_off)
    assert run(tmp_path / "parts") is None
    monkeypatch.setattr(resumable.torch, "save", saved)
    assert len(training(tmp_path / "parts")[0].losses) == 3
    assert run(tmp_path / "parts")[0] == whole[0]


def test_the_log_has_a_row_for_each_step(tmp_path):
    losses, _, log = run(tmp_path / "whole")
    head, *rows = log.splitlines()
    assert head == "step,loss,rate"
    assert [row.split(",")[0] for row in rows] == [str(step + 1) for step in range(STEPS)]
    assert [float(row.split(",")[1]) for row in rows] == pytest.approx(losses, abs=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 9, 20, 400])
def test_the_rate_rises_for_a_tenth_and_falls(steps):
    rates = [rate_at(step, steps, 2.0) for step in range(steps)]
    top = max(1, round(steps / 10))
    assert rates[top - 1] == max(rates) == 2.0
    assert all(rate > 0 for rate in rates)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top - 1 :] == sorted(rates[top - 1 :], reverse=True)
    if steps == 20:
        # a third of the way down
        assert rates[2 - 1 + 6] == pytest.approx(1 + math.cos(6 / 19 * math.pi))


class Evil:
    def __reduce__(self):
        return (print, ("code ran",))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", {"weights": {}}, {"weights": Evil()}])
def test_a_checkpoint_that_is_none_is_named_and_runs_nothing(tmp_path, content, capsys):
    path = tmp_path / "checkpoint.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ModelError, match=r"checkpoint\.pt can't be read: remove it"):
        training(tmp_path)
    assert "code ran" not in capsys.readouterr().out


def test_steps_from_other_examples_are_not_gone_on_with(tmp_path):
    kept, layer = training(tmp_path)
    kept.run(lambda chance: layer(torch.ones(1, 3)).sum(), 3, 0.1)
    with pytest.raises(InputError, match="first 3 steps were learnt from other pictures"):
        training(tmp_path, "others")
    assert training(tmp_path)[0].losses == kept.losses


def test_a_loss_that_is_no_number_ends_it(tmp_path):
    kept, layer = training(tmp_path)
    with pytest.raises(ModelError, match="loss of step 1 is no number"):
        kept.run(lambda chance: layer(torch.ones(1, 3)).sum() * torch.nan, 3, 0.1)


@pytest.mark.parametrize("done", [0, 1, 3, 5])
def test_stopped_when_asked_it_keeps_every_step(tmp_path, done):
    losses, weights, log = run(tmp_path / "whole")
    folder = tmp_path / "parts"
    folder.mkdir()
    kept, layer = training(folder)
    loss_of = lambda chance: layer(torch.rand(4, 3, generator=chance)).square().mean()  # noqa: E731
    with pytest.raises(Cancelled, match="goes on where it was"):
        kept.run(loss_of, STEPS, 0.1, should_stop=lambda: len(kept.losses) == done)
    assert len(training(folder)[0].losses) == done
    kept, layer = training(folder)
    told = []
    loss_of = lambda chance: layer(torch.rand(4, 3, generator=chance)).square().mean()  # noqa: E731
    kept.run(loss_of, STEPS, 0.1, should_stop=lambda: False, on_loss=lambda *one: told.append(one))
    assert told == list(enumerate(losses, start=1))
    assert all(torch.equal(layer.state_dict()[name], one) for name, one in weights.items())
    assert (folder / "log.csv").read_text() == log
