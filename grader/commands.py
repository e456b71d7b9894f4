"""The commands that a report offers: run just that again, open it in GDB."""

from __future__ import annotations

import shlex

from grader.build import Implementation
from grader.load import Schedule
from grader.verdict import Finding


def command(verb: str, *words: str) -> str:
    """As a person types it."""
    return " ".join(["make", verb, *words])


def schedule_words(schedule: Schedule | None) -> list[str]:
    """For make grade."""
    return [f"SCHED={schedule.sched}", f"SEED={schedule.seed}"] if schedule else []


def again(implementation: Implementation, finding: Finding, whole: bool = False) -> str:
    """Runs this test again: with the seed that failed, or its whole mix."""
    case = finding.case
    schedule = None if whole else finding.schedule
    words = [f"TEST={case.test.name}", f"CPUS={case.cpus}", *schedule_words(schedule)]
    return command("grade", *implementation.variables(), *words)


def debug(implementation: Implementation, finding: Finding) -> str:
    """Opens it in GDB."""
    case = finding.case
    test = f"test={implementation.lab.suite}/{case.test.name}"
    if finding.schedule:
        append = f"{test} {finding.schedule}"
    else:
        append = ":".join([test, *[f"{name}={n}" for name, n in case.test.sched.items() if n]])
    words = [f"CPUS={case.cpus}", "ICOUNT=1", f"APPEND={shlex.quote(append)}"]
    return command("gdb", *implementation.variables(), *words)
