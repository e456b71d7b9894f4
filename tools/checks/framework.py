"""What a check is, and how checks are run.

A check is a function with a name, registered by @check; it gets a Context, and
passes unless it raises.  expect() raises with what was expected and what came.
Results of tests inside the kernel, which arrive as KTAP on the serial log, are
counted one by one: Context.ktap() takes them over.

Checks run at the same time, the longest first, each with files of its own in
build/check/; what a check prints is kept until it is done, so that lines of two
do not mix.
"""

from __future__ import annotations

import fnmatch
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.machine import boot
from tools.machine.machine import BUILD, DEFAULT_STAGE, Machine

LOGS = BUILD / "check"
TESTS_FAILED = "tests failed inside the kernel"


class Failed(Exception):
    """A check's verdict, in words."""


def expect(condition: bool, what: str, expected: object = None, got: object = None) -> None:
    """Fails the check, with the evidence, unless the condition holds."""
    if condition:
        return
    lines = [what]
    if expected is not None:
        lines.append(f"expected: {expected}")
    if got is not None:
        lines.append(f"got:      {got}")
    raise Failed("\n".join(lines))


@dataclass
class Ktap:
    """The results in a serial log: the kernel's tests speak KTAP."""

    planned: int | None = None
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Results that came."""
        return len(self.passed) + len(self.failed) + len(self.skipped)


RESULT = re.compile(r"^(not )?ok (\d+) - (\S+)(?: # (SKIP)?.*)?$", re.MULTILINE)
PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)


def ktap_parse(text: str) -> Ktap:
    """Reads the results; those that are out of order are no results."""
    plan = PLAN.search(text)
    ktap = Ktap(int(plan[1]) if plan else None)
    for result in RESULT.finditer(text, plan.end() if plan else 0):
        bad, number, name, skip = result.groups()
        if int(number) != ktap.count + 1:
            raise Failed(f"result {number} ({name}) came as number {ktap.count + 1}")
        if bad:
            ktap.failed.append(name)
        elif skip:
            ktap.skipped.append(name)
        else:
            ktap.passed.append(name)
    return ktap


def comments_of(text: str, name: str) -> list[str]:
    """What a test said before its result: the "# ..." lines."""
    lines: list[str] = []
    for line in text.splitlines():
        found = RESULT.match(line)
        if found and found[3] == name:
            return lines
        if found:
            lines = []
        elif line.startswith("#"):
            lines.append(line)
    return lines


@dataclass
class Context:
    """What a check works with, and what it leaves behind."""

    name: str
    stage: str = DEFAULT_STAGE
    notes: list[str] = field(default_factory=list)
    results: Ktap = field(default_factory=Ktap)
    machine_used: Machine | None = None
    files: int = 0

    def machine(self, **options: Any) -> Machine:
        """A Machine of the stage that is checked; icount unless said otherwise."""
        options = {"icount": True, "stage": self.stage} | options
        self.machine_used = Machine(**options)
        return self.machine_used

    def log(self) -> Path:
        """A path for the next log of this check."""
        self.files += 1
        number = f"-{self.files}" if self.files > 1 else ""
        return LOGS / f"{self.name.replace('/', '-')}{number}.log"

    def boot(self, machine: Machine, **options: Any) -> boot.Boot:
        """Starts it in QEMU; use with `with`."""
        return boot.Boot(machine, self.log(), **options)

    def run(self, machine: Machine, status: int, **options: Any) -> str:
        """Runs it until it ends, with that status; returns the serial log."""
        with self.boot(machine, **options) as guest:
            end = guest.wait_exit()
        self.expect_end(guest, end, status)
        return guest.text()

    def expect_end(self, guest: boot.Emulator, end: boot.End, status: int) -> None:
        """Fails with the last lines of the log when a run ended otherwise."""
        if end.status == status and not end.triple_fault:
            return
        error = guest.fail("the run did not end as it should")
        expected = boot.End(status).words
        raise Failed(f"expected: {expected}\ngot:      {end.words}\n{error}")

    def ktap(self, text: str, log: Path) -> None:
        """Counts the kernel's results, and fails when some are missing."""
        ktap = ktap_parse(text)
        self.results.passed += ktap.passed
        self.results.failed += ktap.failed
        self.results.skipped += ktap.skipped
        for name in ktap.failed:
            self.note(f"not ok {name}")
            for line in comments_of(text, name)[-8:]:
                self.note(f"    {line}")
        expect(ktap.planned is not None, f"no KTAP plan in {log}")
        expect(ktap.planned != 0, f"no test was selected: {log}")
        if ktap.count != ktap.planned:
            raise Failed(
                f"results are missing: expected {ktap.planned}, got {ktap.count}\n"
                f"last lines of {log}:\n{boot.last_lines(text)}"
            )

    def note(self, line: str) -> None:
        """A line to print below the result."""
        self.notes.append(line)


@dataclass(frozen=True)
class Check:
    """A registered check; seconds is a guess, for the order."""

    name: str
    function: Callable[[Context], None]
    seconds: float


CHECKS: dict[str, Check] = {}

# Of what a person starts, in build/<stage>/, there is one console and one log:
# checks that use them do so one after the other.
interactive = threading.Lock()
Function = Callable[[Context], None]


def check(name: str, seconds: float = 1.0) -> Callable[[Function], Function]:
    """Registers the function as a check."""

    def register(function: Function) -> Function:
        add_check(name, function, seconds)
        return function

    return register


def add_check(name: str, function: Function, seconds: float = 1.0) -> None:
    """The same, for checks that are made in a loop."""
    assert name not in CHECKS, f"two checks are called {name}"
    CHECKS[name] = Check(name, function, seconds)


def select(patterns: list[str]) -> list[Check]:
    """The checks of these names, beginnings or patterns; all when there is none."""
    chosen: dict[str, Check] = {}
    for pattern in patterns or ["*"]:
        if pattern in CHECKS:
            found = [pattern]
        else:
            found = [name for name in CHECKS if name.startswith(pattern)]
            found += fnmatch.filter(CHECKS, pattern)
        if not found:
            raise Failed(f"no check is called {pattern}: --list shows all")
        chosen |= {name: CHECKS[name] for name in found}
    return sorted(chosen.values(), key=lambda made: -made.seconds)


@dataclass
class Totals:
    """What the last line says."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


def run_one(made: Check, stage: str) -> tuple[Context, str, float]:
    """Runs a check: what it left, why it failed ("" if not), seconds."""
    context = Context(made.name, stage)
    started = time.monotonic()
    verdict = ""
    try:
        made.function(context)
    except (Failed, boot.BootError) as failed:
        verdict = str(failed)
    except Exception:  # a mistake in the check itself must not end the others
        verdict = traceback.format_exc()
    if context.results.failed and not verdict:
        verdict = TESTS_FAILED  # which are counted themselves
    return context, verdict, time.monotonic() - started


def report(context: Context, verdict: str, seconds: float, totals: Totals) -> None:
    """Prints a check's lines, and adds to the totals."""
    results = context.results
    totals.passed += len(results.passed) + (not verdict)
    totals.failed += len(results.failed) + (verdict not in ("", TESTS_FAILED))
    totals.skipped += len(results.skipped)
    line = f"{'FAIL' if verdict else 'ok  '} {context.name:<28} {seconds:5.1f} s"
    if results.passed or results.failed:
        line += f"  {len(results.passed)} of {len(results.passed) + len(results.failed)} tests"
    if results.skipped:
        line += f", {len(results.skipped)} skipped"
    print(line)
    for note in context.notes:
        print(f"     {note}")
    if verdict:
        for text in verdict.rstrip().splitlines():
            print(f"     {text}")
        print(f"     again: tools/check {context.name}")
        if context.machine_used:
            print(f"     by hand: {context.machine_used.by_hand()}")
    sys.stdout.flush()


def run_checks(checks: list[Check], stage: str, jobs: int) -> Totals:
    """Runs them all, `jobs` at a time."""
    totals = Totals()
    stopped = threading.Event()

    def run(made: Check) -> tuple[Context, str, float] | None:
        return None if stopped.is_set() else run_one(made, stage)

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run, made) for made in checks]
        try:
            for future in as_completed(futures):
                outcome = future.result()
                if outcome:
                    report(*outcome, totals)
        except BaseException:  # Ctrl-C: end what runs, start nothing more
            stopped.set()
            boot.kill_all()
            raise
    return totals
