"""Curves of many sessions of annotating, as Markdown tables and as one SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Found = dict[str, dict[str, dict[str, list[Any]]]]
SHOWN = (0, 1, 2, 3, 5, 8, 10)
SHARES = (0.0025, 0.005, 0.01, 0.02)
COLOURS = ("#d62728", "#7f7f7f", "#1f77b4", "#9ecae1")
PLAIN = "painting only"


def by_strokes(sessions: list[Any]) -> NDArray[np.float64]:
    """Mean mIoU after each number of strokes."""
    return np.mean([session.miou for session in sessions], 0)


def by_paint(sessions: list[Any], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean mIoU when a share of the picture is painted; past its last stroke a picture stays as it is."""
    return np.mean([np.interp(shares, session.painted, session.miou) for session in sessions], 0)


def tables(found: Found) -> str:
    """All that is worth reading, as Markdown."""
    parts = []
    for kind, runs in found.items():
        own, same = runs["own strokes"], runs["the same strokes"]
        count = len(own[PLAIN])
        shown = [number for number in SHOWN if number < len(own[PLAIN][0].miou)]
        last = shown[-1]
        gains = {name: by_strokes(s)[last] - by_strokes(s)[0] for name, s in own.items()}
        head = [f"{kind}, {count} pictures: strokes", *map(str, shown), "gain", "times painting only"]
        head += ["painted", "undone by an update", f"the same {last} strokes"]
        parts += ["", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for name, sessions in own.items():
            curve = by_strokes(sessions)
            row = [name, *(f"{curve[number]:.3f}" for number in shown), f"{gains[name]:+.3f}"]
            row += [f"{gains[name] / gains[PLAIN]:.1f}"]
            row += [f"{np.mean([s.painted[last] for s in sessions]):.1%}"]
            row += [f"{np.mean([s.undone[:last] for s in sessions]):.2%}"]
            row += [f"{by_strokes(same[name])[last]:.3f}"]
            parts.append("| " + " | ".join(row) + " |")
        head = [f"{kind}: mIoU with painted", *(f"{share:.2%}" for share in SHARES)]
        parts += ["", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for name, sessions in own.items():
            values = by_paint(sessions, np.array(SHARES))
            parts.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    return "\n".join(parts)


def plot(found: Found, file: Path) -> None:
    """Draw two rows of panels: against strokes, and against the share of painted pixels."""
    names = list(next(iter(found.values()))["own strokes"])
    width, height = 300, 220
    drawn = []
    for column, (kind, runs) in enumerate(found.items()):
        own = runs["own strokes"]
        strokes = len(own[PLAIN][0].miou) - 1
        most = float(np.mean([s.painted[-1] for s in own[PLAIN]]))
        shares = np.linspace(0, most, 25)
        for row, (title, across, curves) in enumerate(
            (
                ("strokes", np.arange(strokes + 1.0), {n: by_strokes(s) for n, s in own.items()}),
                ("% painted", 100 * shares, {n: by_paint(s, shares) for n, s in own.items()}),
            )
        ):
            drawn.append(_panel(column * width, row * height, f"{kind}: mIoU, {title}", across, curves))
    for i, name in enumerate(names):
        x, y = 20 + i * 210, 2 * height + 18
        drawn.append(f'<path d="M{x} {y - 4}h24" stroke="{COLOURS[i]}" stroke-width="3"/>')
        drawn.append(f'<text x="{x + 30}" y="{y}">{name}</text>')
    size = f'width="{width * len(found)}" height="{2 * height + 30}"'
    style = 'font-family="sans-serif" font-size="12" fill="#333"'
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>']
    head += ['<rect width="100%" height="100%" fill="white"/>']
    file.write_text("\n".join([*head, *drawn, "</svg>", ""]))


def _panel(
    left: int, top: int, title: str, across: NDArray[np.float64], curves: dict[str, NDArray[np.float64]]
) -> str:
    """One panel of 300 x 220, with its ticks."""
    low = np.floor(min(curve.min() for curve in curves.values()) * 20) / 20
    high = np.ceil(max(curve.max() for curve in curves.values()) * 20) / 20

    def x(value: float) -> float:
        return left + 45 + 240 * value / across[-1]

    def y(value: float) -> float:
        return top + 185 - 150 * (value - low) / (high - low)

    parts = [f'<text x="{left + 45}" y="{top + 22}" font-weight="bold">{title}</text>']
    for value in np.linspace(low, high, 4):
        parts.append(f'<path d="M{left + 45} {y(value):.1f}h240" stroke="#ddd"/>')
        parts.append(f'<text x="{left + 40}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for value in np.linspace(0, across[-1], 5):
        parts.append(f'<text x="{x(value):.1f}" y="{top + 202}" text-anchor="middle">{value:.3g}</text>')
    for colour, curve in zip(COLOURS, curves.values(), strict=False):
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(across, curve, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return "\n".join(parts)
