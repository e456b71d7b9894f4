"""All schedules of a small concurrent test: `make explore TEST=03/name` is this.

The kernel does the search (kernel/test/ktest_explore.c): on one CPU, every
schedule with at most two forced pre-emptions, in one boot.  This program builds
and boots, shows what the kernel says as it comes, and ends with how many
schedules there were, how many failed, and the commands that run a failing one
again, alone or in GDB.

    make explore LAB=3 TEST=03/condition
    make explore LAB=3 TEST=03/condition SCHED=explore:17.1+40.0
"""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass

from grader.build import build
from grader.cli import COULD_NOT, FULL_MARKS, LESS, SCHEDS, Parser
from grader.implementation import Implementation, choose_implementation
from grader.load import Lab, find_lab, load_lab
from tools.machine.boot import Boot, End
from tools.machine.errors import Trouble
from tools.machine.machine import BUILD, HANG, TESTS_FAILED, TESTS_PASSED, Machine

LIMIT = 100_000_000_000  # guest instructions: a minute or two
COUNTS = re.compile(r"^# explored \S+: (\d+) schedules.*; (\d+) failed", re.MULTILINE)
LISTED = re.compile(r"^#   sched=(explore:\S+)", re.MULTILINE)
FAILED = re.compile(r"^# failed with sched=(\S+) seed=\d+", re.MULTILINE)
DEADLOCK = re.compile(r"^# deadlock in ", re.MULTILINE)
CUT = re.compile(r"\bsched=(explore:\S*?),? seed=\d+")  # a panic, or a run that hung


@dataclass(frozen=True)
class Exploration:
    """A search that has ended."""

    text: str  # the log
    end: End

    @property
    def counts(self) -> tuple[int, int] | None:
        """Schedules, and how many of them failed; None when the search was cut short."""
        found = COUNTS.search(self.text)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def schedule(self) -> str:
        """One that fails, as in "explore:17.1+40.0"; empty when none does."""
        found = FAILED.search(self.text) or CUT.search(self.text)
        return found[1] if found else ""

    @property
    def schedules(self) -> list[str]:
        """The first that failed, and a shortest one."""
        return sorted({*LISTED.findall(self.text), *filter(None, [self.schedule])})


def said(text: str) -> list[str]:
    """What the test and the search print, without the rest of the boot."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("KTAP")), -1)
    return lines[start + 1 :]


def run(stage: str, test: str, sched: str) -> Exploration:
    """Boots once, for one test."""
    append = f"test={test}:limit={LIMIT} sched={sched} panic=exit"
    machine = Machine(stage=stage, cpus=1, append=append, icount=True)
    log = BUILD / stage / "explore" / (test.replace("/", "-") + ".log")
    with Boot(machine, log) as guest:
        end = guest.wait_exit()
    return Exploration(guest.text(), end)


def commands(implementation: Implementation, test: str, sched: str) -> list[str]:
    """What runs one schedule again, and what opens it in GDB."""
    words = " ".join(implementation.variables())
    append = shlex.quote(f"test={test} sched={sched}")
    return [
        f"make explore {words} TEST={test} SCHED={sched}",
        f"make gdb {words} CPUS=1 ICOUNT=1 APPEND={append}",
    ]


def report(implementation: Implementation, test: str, sched: str, done: Exploration) -> int:
    """Says what came of it; returns the exit status."""
    print("\n".join(said(done.text)).rstrip())
    print()
    counts, failing = done.counts, done.schedule or (sched if ":" in sched else "")
    if done.end.status == TESTS_PASSED:
        print(f"{test}: all {counts[0]} schedules pass" if counts else f"{test}: it passes")
        return FULL_MARKS
    if done.end.status == TESTS_FAILED and counts:
        print(f"{test}: {counts[1]} of {counts[0]} schedules fail")
    elif done.end.status == TESTS_FAILED and not failing:
        print(f"{test}: it could not be explored, or fails by itself")
    elif done.end.status == HANG and DEADLOCK.search(done.text):
        print(f"{test}: a deadlock, no thread can run any more")
    elif done.end.status == HANG:
        print(f"{test}: it hangs")
    else:
        print(f"{test}: {done.end.words}")
    if failing:
        print("one of them again, and in GDB:" if counts else "again, and in GDB:")
        for line in commands(implementation, test, failing):
            print(f"    {line}")
    return LESS


def what_can_be_explored(lab: Lab) -> str:
    """The lab's tests that are small enough, and those of the search itself."""
    names = [f"{lab.suite}/{test.name}" for test in lab.tests if "explore" in test.sched]
    return "TEST= one of: " + ", ".join([*names, "demo/planted_lost_wakeup"])


def explore(words: list[str]) -> int:
    """The program."""
    parser = Parser(prog="explore", description="Run all schedules of a test.")
    parser.add_argument("--lab", default="", metavar="N")
    parser.add_argument("--impl", default="labs", metavar="labs|solutions|DIR")
    parser.add_argument("--name", default="", help="names the stage of a DIR in build/")
    parser.add_argument("--test", default="", metavar="SUITE/NAME")
    parser.add_argument("--sched", default="explore", metavar="explore:17.1+40.0")
    options = parser.parse_args(words)
    if not options.sched.startswith("explore") or not re.fullmatch(SCHEDS, options.sched):
        raise Trouble(f"--sched {options.sched} is no schedule, as explore:17.1+40.0 is")
    lab = load_lab(find_lab(options.lab))
    if options.test in ("", "all"):
        raise Trouble(f"which test?  {what_can_be_explored(lab)}")
    test = options.test if "/" in options.test else f"{lab.suite}/{options.test}"
    if test in {f"{lab.suite}/{other.name}" for other in lab.tests if "explore" not in other.sched}:
        raise Trouble(f"{test} is not made for this; {what_can_be_explored(lab)}")
    implementation = choose_implementation(lab, options.impl, options.name)
    failure = build(implementation)
    if failure:
        print("\n".join([failure.summary, *failure.lines]))
        return COULD_NOT
    return report(
        implementation, test, options.sched, run(implementation.stage, test, options.sched)
    )
