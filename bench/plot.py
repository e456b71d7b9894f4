"""Draws the figures of the benchmark: build/bench.svg, a line for each row.

The scale is logarithmic: a step to the left by one label is a tenth of the
instructions.  A full dot is Signalbox, a ring Linux, a stroke the bar.  A row
without a figure of Signalbox says why.  Any browser shows the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

LEFT, RIGHT, TOP, LINE = 110, 45, 60, 22  # pixels
WIDTH = 720  # of the scale
BLUE, GREY, RED, PALE = "#1f5fbf", "#777", "#c33", "#ddd"
STYLE = "font-family='sans-serif' font-size='13'"


@dataclass(frozen=True)
class Row:
    """A row's figures, in instructions; None: there is none."""

    name: str
    signalbox: float | None
    linux: float | None
    bar: float | None
    note: str = ""  # why Signalbox has none

    def figures(self) -> list[float]:
        """Those that there are."""
        return [value for value in (self.signalbox, self.linux, self.bar) if value]


def text(x: float, y: float, words: str, anchor: str = "start", color: str = "#222") -> str:
    """Words, of which (x, y) is the left end of the base line, or as anchored."""
    place = f"x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}'"
    return f"<text {place} fill='{color}'>{escape(words)}</text>"


def dot(x: float, y: float, fill: str, edge: str) -> str:
    """A figure."""
    place = f"cx='{x:.1f}' cy='{y:.1f}' r='5'"
    return f"<circle {place} fill='{fill}' stroke='{edge}' stroke-width='2'/>"


def stroke(x1: float, y1: float, x2: float, y2: float, color: str, width: int) -> str:
    """A straight line."""
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{color}' stroke-width='{width}'/>"


def legend() -> list[str]:
    """What the three marks mean, above the plot."""
    return [
        text(LEFT, 20, "Guest instructions an operation; less is better"),
        dot(LEFT + 360, 16, BLUE, BLUE),
        text(LEFT + 372, 20, "Signalbox"),
        dot(LEFT + 460, 16, "white", GREY),
        text(LEFT + 472, 20, "Linux"),
        stroke(LEFT + 530, 9, LEFT + 530, 23, RED, 3),
        text(LEFT + 540, 20, "bar"),
    ]


def svg(rows: list[Row]) -> str:
    """The picture."""
    values = [value for row in rows for value in row.figures()] or [1]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    bottom = TOP + LINE * len(rows)

    def place(value: float) -> float:
        return LEFT + WIDTH * (math.log10(value) - low) / max(high - low, 1)

    parts = legend()
    for power in range(low, high + 1):
        x = place(10.0**power)
        parts += [stroke(x, TOP - 10, x, bottom, PALE, 1)]
        parts += [text(x, TOP - 16, f"{10**power:,}", "middle", GREY)]
    for number, row in enumerate(rows):
        y = TOP + LINE * (number + 0.5)
        parts.append(text(LEFT - 10, y + 4, row.name, "end"))
        if row.signalbox and row.linux:
            parts.append(stroke(place(row.signalbox), y, place(row.linux), y, PALE, 3))
        if row.linux:
            parts.append(dot(place(row.linux), y, "white", GREY))
        if row.signalbox:
            parts.append(dot(place(row.signalbox), y, BLUE, BLUE))
        else:
            parts.append(text(LEFT + 6, y + 4, row.note, color=GREY))
        if row.bar:
            parts.append(stroke(place(row.bar), y - 7, place(row.bar), y + 7, RED, 3))
    size = f"width='{LEFT + WIDTH + RIGHT}' height='{bottom + 14}'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size} {STYLE}>"
    return "\n".join([head, "<rect width='100%' height='100%' fill='white'/>", *parts, "</svg>\n"])
