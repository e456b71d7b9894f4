#!/usr/bin/env python3
"""The IPC benchmark, on Signalbox and on Linux, side by side: `make bench`.

    bench.py                   every row that the labs of the stage have unlocked
    bench.py syscall fork      these rows, locked or not
    BENCH_LINUX=0 bench.py     Linux's figures from targets.toml, nothing fetched

The same static program (ipcbench.c) runs on both, in the same QEMU, on one CPU,
as the first and only process.  Each is started twice: under -icount, where a
nanosecond of guest time is an instruction, and that gives the figures; and
without, for the wall time.

Prints a table, and writes build/bench.json, build/bench.svg; what the guests said
is in build/bench/.  README.md says what the rows and the columns are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))

import boot  # noqa: E402
import linux  # noqa: E402
import machine as m  # noqa: E402
import plot  # noqa: E402

BENCH = m.BUILD / "bench"
ARCHIVE = BENCH / "root.cpio"
TARGETS = Path(__file__).with_name("targets.toml")
ITERATIONS = 20000
AT_ONCE = 10  # rows in one boot of Signalbox: its command line is short
LIMIT = 600.0  # s for a boot; the last resort, as a row may hang
BYTES = {"msgq_bw": 256}  # an operation of a row in MB/s; 64 KiB for the others

LINE = re.compile(r"^bench (\S+) (\S+) (\S+)", re.MULTILINE)
SWITCH = re.compile(r"^# bench switch (\d+)", re.MULTILINE)


@dataclass
class Row:
    """A row of targets.toml, and what was found out about it."""

    name: str
    what: str
    linux: float | None = None
    target: float | None = None
    lab: int = 0
    signalbox: float | None = None
    note: str = ""
    wall: dict[str, float] = field(default_factory=dict)  # by system, ns

    def is_missed(self) -> bool:
        if self.signalbox is None or self.target is None:
            return False
        return round(self.signalbox) > self.target


class BenchMachine(m.Machine):
    """Signalbox with the benchmark's archive as its root file system."""

    @property
    def root(self) -> Path:
        return ARCHIVE


# ---- a boot, and what it prints ----


@dataclass
class Result:
    """Figures in ns an operation, and the rows that gave none: why."""

    figures: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, text: str) -> int:
        """Takes what ipcbench printed; how many rows that were."""
        lines = LINE.findall(text)
        for name, value, unit in lines:
            if value == "unsupported":
                self.notes[name] = f"unsupported: {os.strerror(int(unit))}"
            elif unit == "MB/s":
                self.figures[name] = BYTES.get(name, 65536) * 1e3 / float(value)
            else:
                self.figures[name] = float(value)
        return len(lines)

    def knows(self, name: str) -> bool:
        return name in self.figures or name in self.notes


def run_all(names: list[str], at_once: int, run: Callable[[str], str]) -> Result:
    """Boots as often as it takes: a row that crashes or hangs takes the next ones along."""
    result = Result()
    while names:
        text = run(f"-1 -n {ITERATIONS} " + " ".join(names[:at_once]))
        if result.add(text) == 0:
            lines = text.strip().splitlines()
            result.notes[names[0]] = "no figure: " + (lines[-1].strip() if lines else "silence")
        names = [name for name in names if not result.knows(name)]
    return result


def output_of(command: list[str], log: str) -> str:
    """What a guest says on COM1 until it ends, or has to be ended."""
    path = BENCH / log
    try:
        boot.run_program(command, path, LIMIT)
    except boot.BootError:
        return path.read_text(errors="replace") + "\nit does not end"
    return path.read_text(errors="replace").replace("\r", "")


# ---- Signalbox ----


def signalbox_run(stage: str, arguments: str, *, icount: bool) -> str:
    machine = BenchMachine(
        stage=stage,
        cpus=1,
        memory=512,
        icount=icount,
        append=f'console=serial panic=exit init="/bin/ipcbench {arguments}"',
    )
    log = "signalbox.log" if icount else "signalbox-wall.log"
    return output_of(machine.qemu_command(["-serial", "stdio"]), log)


def signalbox_switch(stage: str) -> float | None:
    """The kernel's own test, of two of its threads."""
    machine = m.Machine(stage=stage, cpus=1, icount=True, append="test=bench/switch")
    text = output_of(machine.qemu_command(["-serial", "stdio"]), "switch.log")
    found = SWITCH.search(text)
    return float(found[1]) if found else None


def measure_signalbox(stage: str, rows: list[Row]) -> None:
    names = [row.name for row in rows if row.name != "switch"]
    figures = run_all(names, AT_ONCE, lambda words: signalbox_run(stage, words, icount=True))
    good = [name for name in names if name in figures.figures]
    wall = run_all(good, AT_ONCE, lambda words: signalbox_run(stage, words, icount=False))
    for row in rows:
        row.signalbox = figures.figures.get(row.name)
        row.note = figures.notes.get(row.name, "")
        if row.name == "switch":
            row.signalbox = signalbox_switch(stage)
        if row.name in wall.figures:
            row.wall["signalbox"] = wall.figures[row.name]


# ---- Linux ----


def linux_figures(
    image: Path, names: list[str], log: str, *, icount: bool = True, mitigations: bool = True
) -> dict[str, float]:
    def run(arguments: str) -> str:
        words = linux.words(arguments, mitigations)
        return output_of(linux.command(image, ARCHIVE, words, icount=icount), log)

    return run_all(names, len(names), run).figures


def measure_linux(rows: list[Row]) -> tuple[str, dict[str, float]]:
    """Linux's name, and its figures without mitigations; the others go to the rows."""
    image = linux.kernel()
    names = [row.name for row in rows if row.name != "switch"]
    found = []
    for mitigations in (True, False):
        key = linux.command(image, ARCHIVE, linux.words(" ".join(names), mitigations), icount=True)
        log = "linux.log" if mitigations else "linux-mitigations-off.log"
        found.append(
            linux.kept(
                key,
                image,
                ARCHIVE,
                lambda: linux_figures(image, names, log, mitigations=mitigations),
            )
        )
    measured = [row.name for row in rows if "signalbox" in row.wall]
    wall = linux_figures(image, measured, "linux-wall.log", icount=False) if measured else {}
    for row in rows:
        row.linux = found[0].get(row.name)
        if row.name in wall:
            row.wall["linux"] = wall[row.name]
    return image.name.removeprefix("vmlinuz-"), found[1]


# ---- what comes out ----


def number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def ratio(linux_value: float | None, signalbox_value: float | None) -> str:
    return f"{linux_value / signalbox_value:.1f}" if linux_value and signalbox_value else ""


def verdict(row: Row) -> str:
    """A word on a row."""
    if row.note or row.signalbox is None or row.target is None:
        return row.note
    if row.is_missed():
        return f"{row.signalbox / row.target - 1:.1%} above the target"
    return "ok"


def print_table(rows: list[Row], mitigations_off: dict[str, float]) -> None:
    head = ("row", "Signalbox", "target", "Linux", "mit. off", "ratio", "wall")
    print(
        f"{head[0]:11}{head[1]:>10}{head[2]:>9}{head[3]:>10}{head[4]:>10}{head[5]:>7}{head[6]:>7}"
    )
    for row in rows:
        print(
            f"{row.name:11}{number(row.signalbox):>10}{number(row.target):>9}"
            f"{number(row.linux):>10}{number(mitigations_off.get(row.name)):>10}"
            f"{ratio(row.linux, row.signalbox):>7}"
            f"{ratio(row.wall.get('linux'), row.wall.get('signalbox')):>7}  {verdict(row)}".rstrip()
        )


def write_files(rows: list[Row]) -> None:
    keys = ("name", "signalbox", "linux", "target")
    figures = [{key: getattr(row, key) for key in keys} for row in rows]
    (m.BUILD / "bench.json").write_text(json.dumps(figures, indent=1) + "\n")
    plotted = [plot.Row(row.name, row.signalbox, row.linux, row.target) for row in rows]
    (m.BUILD / "bench.svg").write_text(plot.svg(plotted), encoding="utf-8")


# ---- main ----


def load_rows(wanted: list[str]) -> list[Row]:
    rows = [Row(**row) for row in tomllib.loads(TARGETS.read_text())["row"]]
    if unknown := set(wanted) - {row.name for row in rows}:
        sys.exit(f"bench.py: no such row: {', '.join(sorted(unknown))}")
    return [row for row in rows if not wanted or row.name in wanted]


def build(stage: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", "-s", "kernel", str(ARCHIVE.relative_to(m.ROOT)), *m.stage_words(stage)]
    if subprocess.run(command, cwd=m.ROOT, env=environment, check=False).returncode:
        sys.exit("bench.py: the build failed: see above")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare Signalbox with Linux.")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--stage", default=m.DEFAULT_STAGE)
    options = parser.parse_args()
    options.stage = options.stage.removesuffix(".fast") + ".fast"
    rows = load_rows(options.rows)
    build(options.stage)
    BENCH.mkdir(parents=True, exist_ok=True)

    lab = int(options.stage.partition("-")[0])
    for row in rows:
        if row.lab > lab:
            row.note = f"locked until lab {row.lab}"
    measure_signalbox(options.stage, [row for row in rows if options.rows or not row.note])

    release = "6.1.0-56-amd64, by targets.toml"
    mitigations_off: dict[str, float] = {}
    if os.environ.get("BENCH_LINUX", "1") != "0":
        try:
            release, mitigations_off = measure_linux(rows)
        except linux.NoLinux as why:
            print(f"No Linux to compare with ({why}).")
    print(f"Guest instructions an operation: Signalbox {options.stage}, Linux {release},")
    print(f"on {m.QEMU} {m.qemu_version()}, one CPU, {ITERATIONS} iterations.")
    print("Ratio and wall: how many times Linux's instructions, and time, are Signalbox's.\n")
    print_table(rows, mitigations_off)
    write_files(rows)
    missed = sum(row.is_missed() for row in rows)
    measured = sum(row.signalbox is not None for row in rows)
    print(f"\n{measured} of {len(rows)} rows measured, {missed} above the target;", end=" ")
    print("see build/bench.json and build/bench.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
