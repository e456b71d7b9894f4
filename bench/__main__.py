"""The IPC benchmark, on Signalbox and on Linux, side by side: `make bench`.

    python3 -m bench                    every row that the labs of the stage have unlocked
    python3 -m bench syscall fork       these rows, locked or not
    python3 -m bench --no-linux         Signalbox alone; nothing is fetched
    python3 -m bench --mitigations-off  Linux without its mitigations as well

The same static program (ipcbench.c) runs on both, in the same QEMU, on one CPU, as
the first and only process: one system after the other.

Prints a table, and writes build/bench.json and build/bench.svg; what the guests
said is in build/bench/.  README.md says what the rows and the columns are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import linux, measure, plot, signalbox
from tools.machine import debian
from tools.machine import machine as m

TARGETS = Path(__file__).with_name("targets.toml")
KNOWN_WITHIN = 0.05  # how close Linux comes to what targets.toml says of it


@dataclass
class Row:
    """A row of targets.toml, and what was found out about it."""

    name: str
    what: str
    known: float | None = None  # instructions of the Linux that the bars go by
    bar: float | None = None  # no more than this
    aim: float | None = None
    lab: int = 0
    signalbox: float | None = None
    linux: float | None = None
    mitigations_off: float | None = None
    wall: float | None = None  # Linux's time by Signalbox's
    note: str = ""

    def is_missed(self) -> bool:
        """Is it above its bar?"""
        if self.signalbox is None or self.bar is None:
            return False
        return round(self.signalbox) > self.bar

    def verdict(self) -> str:
        """A few words."""
        words = [self.note] if self.note else []
        if self.is_missed():
            assert self.signalbox and self.bar
            words.append(f"{self.signalbox / self.bar - 1:.1%} above the bar")
        elif self.signalbox is not None and self.bar is not None:
            words.append("ok")
        if self.linux and self.known and abs(self.linux / self.known - 1) > KNOWN_WITHIN:
            words.append(f"targets.toml says {self.known:,.0f} of Linux")
        return "; ".join(words)


# ---- measuring ----


def measure_signalbox(stage: str, rows: list[Row], out: Path) -> None:
    """Fills in Signalbox's figures, or why there is none."""
    names = [row.name for row in rows if row.name != "switch"]
    result = measure.instructions(signalbox.guest(stage), names, out)
    for row in rows:
        row.signalbox = result.figures.get(row.name)
        row.note = result.notes.get(row.name, "")
        if row.name == "switch":
            row.signalbox = signalbox.switch(stage, out)
            row.note = "" if row.signalbox else "no figure: see switch.log"


def measure_linux(rows: list[Row], out: Path, mitigations_off: bool) -> str:
    """Fills in Linux's figures; its name."""
    image = linux.kernel()
    names = [row.name for row in rows if row.name != "switch"]
    plain = measure.instructions(linux.guest(image), names, out).figures
    off = {}
    if mitigations_off:
        off = measure.instructions(linux.guest(image, mitigations=False), names, out).figures
    for row in rows:
        row.linux = plain.get(row.name)
        row.mitigations_off = off.get(row.name)
    return image.name.removeprefix("vmlinuz-")


def compare_wall_time(stage: str, rows: list[Row], out: Path) -> None:
    """Fills in the ratio of both systems' wall time, where both have the row."""
    both = [row.name for row in rows if row.signalbox and row.linux]
    if not both:
        return
    ours = measure.nanoseconds(signalbox.guest(stage), both, out)
    theirs = measure.nanoseconds(linux.guest(linux.kernel()), both, out)
    for row in rows:
        if row.name in ours and row.name in theirs:
            row.wall = theirs[row.name] / ours[row.name]


# ---- what comes out ----


def number(value: float | None) -> str:
    """1,234; or nothing."""
    return "" if value is None else f"{value:,.0f}"


def factor(value: float | None) -> str:
    """4.2; or nothing."""
    return "" if value is None else f"{value:.1f}"


def ratio(row: Row) -> float | None:
    """How many times Signalbox's instructions Linux takes."""
    return row.linux / row.signalbox if row.linux and row.signalbox else None


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    head: str
    width: int
    cell: Callable[[Row], str]


OURS = [
    Column("Signalbox", 11, lambda row: number(row.signalbox)),
    Column("bar", 9, lambda row: number(row.bar)),
    Column("aim", 9, lambda row: number(row.aim)),
]
THEIRS = [
    Column("Linux", 10, lambda row: number(row.linux)),
    Column("ratio", 8, lambda row: factor(ratio(row))),
    Column("wall", 7, lambda row: factor(row.wall)),
]
MITIGATIONS_OFF = Column("mit. off", 10, lambda row: number(row.mitigations_off))


def print_table(rows: list[Row]) -> None:
    """The figures side by side, with the columns that have any."""
    columns = list(OURS)
    if any(row.linux for row in rows):
        columns += THEIRS
    if any(row.mitigations_off for row in rows):
        columns.append(MITIGATIONS_OFF)
    print(f"{'row':11}" + "".join(f"{column.head:>{column.width}}" for column in columns))
    for row in rows:
        cells = "".join(f"{column.cell(row):>{column.width}}" for column in columns)
        print(f"{row.name:11}{cells}  {row.verdict()}".rstrip())


def write_files(rows: list[Row], out: Path) -> None:
    """For other programs, and a picture; beside the folder with the logs."""
    keys = ("name", "signalbox", "linux", "bar", "aim")
    figures = [{key: getattr(row, key) for key in keys} for row in rows]
    out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    plotted = [plot.Row(row.name, row.signalbox, row.linux, row.bar, row.note) for row in rows]
    out.with_suffix(".svg").write_text(plot.svg(plotted), encoding="utf-8")


# ---- main ----


def load_rows(wanted: list[str], stage: str) -> list[Row]:
    """Those that are asked for; without names all, where some may be locked."""
    rows = [Row(**row) for row in tomllib.loads(TARGETS.read_text())["row"]]
    if unknown := set(wanted) - {row.name for row in rows}:
        sys.exit(f"bench: no such row: {', '.join(sorted(unknown))}")
    if wanted:
        return [row for row in rows if row.name in wanted]
    lab = int(stage.partition("-")[0])
    for row in rows:
        if row.lab > lab:
            row.note = f"locked until lab {row.lab}"
    return rows


def build(stage: str) -> None:
    """Brings the kernel and the benchmark's archive up to date."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    archive = linux.ARCHIVE.relative_to(m.ROOT)
    command = ["make", "-s", "kernel", str(archive), *m.stage_words(stage)]
    if subprocess.run(command, cwd=m.ROOT, env=environment, check=False).returncode:
        sys.exit("bench: the build failed: see above")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Compare Signalbox with Linux.")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--stage", default=m.DEFAULT_STAGE)
    parser.add_argument("--no-linux", action="store_true")
    parser.add_argument("--mitigations-off", action="store_true")
    parser.add_argument("--out", type=Path, default=m.BUILD / "bench", metavar="DIR")
    options = parser.parse_args()
    options.stage = options.stage.removesuffix(".fast") + ".fast"
    return options


def main() -> int:
    """Measures, prints, writes."""
    options = arguments()
    out = options.out.resolve()
    rows = load_rows(options.rows, options.stage)
    build(options.stage)
    out.mkdir(parents=True, exist_ok=True)
    measure_signalbox(options.stage, [row for row in rows if not row.note], out)
    compared = ""
    if not options.no_linux:
        try:
            compared = ", Linux " + measure_linux(rows, out, options.mitigations_off)
            compare_wall_time(options.stage, rows, out)
        except debian.NoPackage as why:
            print(f"Signalbox alone, as there is no Linux to compare with: {why}")
    print(f"Guest instructions an operation: Signalbox {options.stage}{compared},")
    print(f"on {m.QEMU} {m.qemu_version()}, one CPU, {measure.ITERATIONS:,} iterations.")
    if compared:
        print("Ratio, wall: how many times Signalbox's instructions and time Linux takes.")
    print()
    print_table(rows)
    write_files(rows, out)
    missed = sum(row.is_missed() for row in rows)
    measured = sum(row.signalbox is not None for row in rows)
    print(f"\n{measured} of {len(rows)} rows measured, {missed} above the bar;", end=" ")
    print(f"see {os.path.relpath(out, m.ROOT)}.json and .svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
