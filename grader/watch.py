"""One boot of a stage, from its start to its Ending.

What ends a test that does not end is inside: the watchdog of the machine, which
counts guest instructions and so does not care how busy this host is.  Here are
the last resorts, against a kernel that has put even that out of action.  They
count the CPU time of QEMU and its state, for the same reason:

    a test uses far more of it than its limit in instructions can take
    QEMU sleeps at each of many looks: the guest has halted, and nothing will wake it
    the log grows beyond what any test prints
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.judge import Ending
from grader.peer import Outside
from grader.protocol import Log, Reader
from tools.machine.boot import Boot
from tools.machine.errors import trouble_from
from tools.machine.machine import Machine
from tools.machine.waiting import POLL, pause

BOOT_SECONDS = 10.0  # of CPU time, to come to the first test, or to the next
AWAKE = 10  # looks that find QEMU asleep, for one that does not: it may blink


@dataclass(frozen=True)
class Limits:
    """When a boot is given up from outside."""

    log_bytes: int = 4 * 2**20
    patience: float = 20.0  # s of idling, at POLL a look: more where looks are rare
    speed: int = 10_000_000  # instructions in a second of CPU time; QEMU does 5 to 30 times as many


@dataclass
class Booted:
    """What a boot left."""

    machine: Machine
    path: Path  # of its log
    log: Log
    ending: Ending


# ---- is there hope? ----


def thread_state(path: Path) -> tuple[str, float]:
    """The state of a thread or process in /proc, and its CPU time."""
    words = path.read_bytes().rpartition(b")")[2].split()
    ticks = int(words[11]) + int(words[12])
    return words[0].decode(), ticks / os.sysconf("SC_CLK_TCK")


def all_asleep(pid: int) -> bool:
    """Does no thread of it run, or wait for a CPU to run on?"""
    try:
        states = [thread_state(path)[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return False
    return all(state == "S" for state in states)


class Patience:
    """Says when a QEMU should be given up."""

    def __init__(self, pid: int, limits: Limits):
        self.pid = pid
        self.limits = limits
        self.frames = -1
        self.budget = self.spent_before = 0.0
        self.asleep, self.spent_last = 0, 0.0

    def spent(self) -> float:
        """QEMU's CPU time, s; 0 where that cannot be known."""
        try:
            return thread_state(Path(f"/proc/{self.pid}/stat"))[1]
        except OSError:
            return 0.0

    def exhausted(self, frames: int, limit: int) -> str:
        """Why there is no hope; empty while there is."""
        try:
            _, spent = thread_state(Path(f"/proc/{self.pid}/stat"))
        except OSError:  # it has just ended; or this is no Linux
            return ""
        if frames != self.frames:  # it has come to the next step
            self.frames = frames
            self.budget, self.spent_before = BOOT_SECONDS + limit / self.limits.speed, spent
        if spent - self.spent_before > self.budget:
            return f"no sign of life for {spent - self.spent_before:.0f} s of CPU time"
        return self.idle(spent)

    def idle(self, spent: float) -> str:
        """The same, if look after look finds it asleep: and not, on a busy machine,
        waiting for a CPU."""
        if spent == self.spent_last and all_asleep(self.pid):
            self.asleep += 1
        else:
            self.asleep = max(0, self.asleep - AWAKE)
        self.spent_last = spent
        if self.asleep * POLL > self.limits.patience:
            return f"the machine has halted for good: QEMU idles for {self.asleep * POLL:.0f} s"
        return ""


def disk_trouble(folder: Path) -> str:
    """Why a log in this folder may be cut short; empty when it is not the disk."""
    probe = folder / "probe"
    try:
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        return str(trouble_from(error))
    return ""


# ---- the boot ----


class Watch:
    """Stays with a boot to its end, and reads its log meanwhile."""

    def __init__(
        self, token: str, limit_of: Callable[[str], int], limits: Limits, outside: Outside | None
    ):
        self.outside = outside
        self.reader = Reader(token)
        self.limit_of = limit_of  # of the test with that name, in instructions
        self.limits = limits
        self.endless = 0
        self.silent = ""
        self.read = 0

    def take(self, path: Path) -> bool:
        """Reads what has come; False when there is nothing new."""
        if not path.exists() or path.stat().st_size <= self.read:
            return False
        with open(path, "rb") as file:
            file.seek(self.read)
            data = file.read(2**20)
        self.read += len(data)
        if self.read > self.limits.log_bytes:
            self.endless = self.read
        self.reader.feed(data)
        return bool(data)

    def follow(self, guest: Boot, progress: Callable[[Log], None]) -> None:
        """Returns when the boot has ended, or should be."""
        log = self.reader.log
        patience = Patience(guest.process.pid, self.limits)
        if self.outside:
            self.outside.start(guest, patience.spent)
        while not self.endless and not self.silent:
            ended = guest.has_ended()  # before reading: then all of it is there
            if self.take(guest.log):
                if self.outside:
                    self.outside.look(log)
                progress(log)
                continue
            if ended:
                return
            if self.outside and self.outside.stuck(log):
                break
            span = log.open_span
            limit = self.limit_of(span.name) if span else 0
            self.silent = patience.exhausted(log.frames, limit)
            pause()
        guest.close()


def run_boot(
    machine: Machine,
    path: Path,
    token: str,
    limit_of: Callable[[str], int],
    limits: Limits,
    progress: Callable[[Log], None] = lambda log: None,
    outside: Outside | None = None,
) -> Booted:
    """Boots the machine, with its log at the path, and stays to the end."""
    watch = Watch(token, limit_of, limits, outside)
    with Boot(machine, path, qmp=outside is not None) as guest:
        try:
            watch.follow(guest, progress)
        finally:
            if outside:
                outside.end()
        end = guest.wait_exit()
        errors = guest.errors.read_text(errors="replace")
    log = watch.reader.close()
    results = outside.results if outside else {}
    complete = log.done or watch.endless or watch.silent or any(results.values())
    ending = Ending(
        status=end.status,
        triple_fault=end.triple_fault,
        endless=watch.endless,
        silent=watch.silent,
        errors=errors,
        disk="" if complete else disk_trouble(path.parent),
        words=end.words,
        outside=results,
    )
    return Booted(machine, path, log, ending)
