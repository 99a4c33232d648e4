"""Waiting where nothing is to come, or nothing says that it has: until nothing can bring it any more."""

from __future__ import annotations

from qtpy.QtCore import QTimer


def run_out(qtbot, *owners):
    """Wait until no timer of these objects that fires once is running: nothing is put off any more."""

    def ticking():
        timers = [timer for owner in owners for timer in owner.findChildren(QTimer)]
        return any(timer.isActive() for timer in timers if timer.isSingleShot())

    qtbot.waitUntil(lambda: not ticking(), timeout=20_000)


def laid_out(qtbot, *widgets):
    """Wait until these widgets keep their sizes from one look to the next, five times over."""
    seen = []

    def settled():
        seen.append([widget.size() for widget in widgets])
        return len(seen) > 5 and all(one == seen[-1] for one in seen[-6:])

    qtbot.waitUntil(settled, timeout=20_000)
