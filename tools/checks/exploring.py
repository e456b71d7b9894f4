"""All schedules of a test: mistakes are found, counts repeat, schedules replay.

kernel/test/tests/test_explore.c has four small programs with one mistake each,
which run well when left alone: demo/planted_NAME.  And of the mutants of lab 3
those are searched that lose a wake-up.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tools.machine.machine import HANG, ROOT, TESTS_FAILED, TESTS_PASSED, Machine

from .framework import Context, add_check, check, expect

# name: how the machine ends when a failing schedule is run alone
PLANTED = {
    "lost_wakeup": HANG,
    "if_not_while": TESTS_FAILED,
    "both_orders": HANG,
    "lost_update": TESTS_FAILED,
}


def machine(context: Context, name: str, sched: str) -> Machine:
    """One CPU: more cannot be explored."""
    append = f"test=demo/planted_{name} {sched} panic=exit"
    return context.machine(cpus=1, append=append)


def finds(context: Context, name: str, alone: int) -> None:
    """By itself it passes; exploring fails, and so does the schedule that it names."""
    context.run(machine(context, name, ""), TESTS_PASSED)
    text = context.run(machine(context, name, "sched=explore"), TESTS_FAILED)
    counts = re.search(r"^# explored \w+: (\d+) schedules.*; (\d+) failed", text, re.MULTILINE)
    first = re.search(r"^# failed with (sched=explore:\S+) seed=1", text, re.MULTILINE)
    if not counts or not first:
        expect(False, "the search does not say what it found", "# explored ...", text[-800:])
        return
    again = context.run(machine(context, name, "sched=explore"), TESTS_FAILED)
    expect(counts[0] in again, "the second search differs", counts[0], again[-800:])
    replayed = context.run(machine(context, name, first[1]), alone)
    expect(
        "\nplace " in replayed,
        "the replay does not say what it forces",
        "place 5: thread 6 (worker) runs, ...",
        replayed[-800:],
    )
    context.note(f"{counts[1]} schedules, {counts[2]} fail; {first[1]} is one of them")


def register() -> None:
    """One check for each mistake."""
    for name, alone in PLANTED.items():
        add_check(
            f"explore/{name}",
            lambda context, name=name, alone=alone: finds(context, name, alone),
        )


@check("explore/two-cpus")
def two_cpus(context: Context) -> None:
    """It says that it needs one CPU."""
    append = "test=demo/planted_lost_update sched=explore panic=exit"
    text = context.run(context.machine(cpus=2, append=append), TESTS_PASSED)
    expect("SKIP sched=explore needs one CPU" in text, "no word of it", "SKIP ...", text[-400:])


@check("explore/epoll")
def epoll(context: Context) -> None:
    """In no schedule does a waiter sleep on while its file is ready."""
    append = "test=epoll/sleeper_while_another_polls sched=explore panic=exit"
    text = context.run(context.machine(cpus=1, append=append), TESTS_PASSED)
    counts = re.search(r"^# explored \w+: (\d+) schedules", text, re.MULTILINE)
    expect(counts is not None, "it was not explored", "# explored ...", text[-400:])
    if counts:
        context.note(f"{counts[1]} schedules")


@check("explore/mutants", 12)
def mutants(context: Context) -> None:
    """Each lost wake-up that is planted in lab 3 is found, and what is found can be run again."""
    command = [sys.executable, "-m", "grader.proof", "searches", "--lab", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if found := re.match(r"(ok  |FAIL) (\S+)", line):
            kind = context.results.passed if found[1] == "ok  " else context.results.failed
            kind.append(f"searches/{found[2]}")
            context.note(line)
    expect(done.returncode == 0, "grader.proof searches fails", "status 0", done.stderr[-1500:])
    expect(len(context.results.passed) >= 8, "mutants are missing", "8 or more", done.stdout)


register()
