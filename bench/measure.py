"""Running ipcbench in a guest: boots, what they print, and what is kept of it.

A Guest says how a system is started with ipcbench as its first process; Signalbox
and Linux each have one (signalbox.py, linux.py).  Two things are measured:

    instructions()   under -icount, where a nanosecond of guest time is one
                     instruction.  The same files give the same figures each
                     time: so they are kept, and measured anew only when one of
                     the files or a word of the command has changed.
    nanoseconds()    without it: the wall time, on a machine that has other things
                     to do as well.  Never kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.machine import boot
from tools.machine import machine as m

ITERATIONS = 20000
WALL_MS = 200  # how long a row takes when wall time is measured
BYTES = {"msgq_bw": 256}  # an operation of a row in MB/s; 64 KiB for the others

LINE = re.compile(r"^bench (\S+) (\S+) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Guest:
    """A system that can run ipcbench."""

    name: str  # of its logs
    files: tuple[Path, ...]  # what its figures depend on, beside the command
    command: Callable[[str, bool], list[str]]  # of ipcbench's arguments, icount
    at_once: int  # rows in one boot: a kernel's command line is short


@dataclass
class Result:
    """Figures in ns an operation; for rows that gave none, why."""

    figures: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    is_complete: bool = True  # each row had its say

    def add(self, text: str) -> None:
        """Takes what ipcbench printed."""
        for name, value, unit in LINE.findall(text):
            if value == "unsupported":
                self.notes[name] = f"unsupported: {os.strerror(int(unit))}"
            elif unit == "MB/s":
                self.figures[name] = round(BYTES.get(name, 65536) * 1e3 / float(value), 1)
            else:
                self.figures[name] = float(value)

    def give_up(self, name: str, text: str) -> None:
        """The row's guest ended, or had to be ended, before the row was done."""
        lines = text.strip().splitlines()
        self.notes[name] = "no figure: " + (lines[-1].strip() if lines else "silence")
        self.is_complete = False

    def missing(self, names: list[str]) -> list[str]:
        """Those that nothing is known of."""
        return [name for name in names if name not in self.figures and name not in self.notes]


def output_of(command: list[str], log: Path) -> str:
    """What a guest says on COM1 until it ends, or has to be ended."""
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        boot.run_program(command, log)
        end = ""
    except boot.BootError:
        end = "\nit does not end"
    return log.read_text(errors="replace").replace("\r", "") + end


def run_rows(guest: Guest, names: list[str], options: str, icount: bool, log: Path) -> Result:
    """Boots as often as it takes.  Rows run in the order of the names: so the
    first one that says nothing is the one that crashed or hung its guest."""
    result = Result()
    while left := result.missing(names):
        batch = left[: guest.at_once]
        words = f"-1 {options} {' '.join(batch)}"
        text = output_of(guest.command(words, icount), log)
        result.add(text)
        if silent := result.missing(batch):
            result.give_up(silent[0], text)
    return result


def digest(guest: Guest, names: list[str]) -> str:
    """One word for all that the figures depend on."""
    command = guest.command(f"-1 -n {ITERATIONS} {' '.join(names)}", True)
    total = hashlib.sha256(" ".join([m.qemu_version(), *command]).encode())
    for file in guest.files:
        total.update(file.read_bytes())
    return total.hexdigest()


def instructions(guest: Guest, names: list[str], out: Path) -> Result:
    """Guest instructions an operation: from the last run, or measured."""
    if not names:
        return Result()
    path = out / f"{guest.name}.json"
    key = digest(guest, names)
    kept = json.loads(path.read_text()) if path.exists() else {}
    if key in kept:
        return Result(**kept[key])
    log = out / f"{guest.name}.log"
    result = run_rows(guest, names, f"-n {ITERATIONS}", True, log)
    if result.is_complete:
        path.write_text(json.dumps(kept | {key: asdict(result)}, indent=1) + "\n")
    return result


def nanoseconds(guest: Guest, names: list[str], out: Path) -> dict[str, float]:
    """Wall time an operation."""
    log = out / f"{guest.name}-wall.log"
    return run_rows(guest, names, f"-t {WALL_MS}", False, log).figures
