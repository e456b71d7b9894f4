"""The commands that a report offers: run just that again, open it in GDB."""

from __future__ import annotations

import shlex

from grader.implementation import Implementation
from grader.load import Schedule, Test
from grader.verdict import Finding


def command(verb: str, *words: str) -> str:
    """As a person types it."""
    return " ".join(["make", verb, *words])


def schedule_words(schedule: Schedule | None) -> list[str]:
    """For make grade."""
    if not schedule:
        return []
    return [f"SCHED={schedule.sched}"] * bool(schedule.sched) + [f"SEED={schedule.seed}"]


def again(implementation: Implementation, finding: Finding) -> str:
    """Runs this test again: with the seed that failed, or else all that its boot ran."""
    case = finding.case
    if finding.confirmed is False:
        names, schedule = [test.name for test in finding.mix], None
    else:
        names, schedule = [case.test.name], finding.schedule
    words = [f"TEST={','.join(names)}", f"CPUS={case.cpus}", *schedule_words(schedule)]
    return command("grade", *implementation.variables(), *words)


def selector(suite: str, test: Test) -> str:
    """On the kernel's command line, with its seeds and without its limit."""
    seeds = [f"{name}={count}" for name, count in test.sched.items() if count]
    return ":".join([f"{suite}/{test.name}", *seeds])


def debug(implementation: Implementation, finding: Finding) -> str:
    """Opens it in GDB; or lets a person type what nobody types there."""
    case, suite = finding.case, implementation.lab.suite
    if case.test.kind == "peer":
        words = [f"CPUS={case.cpus}", "WINDOW=1", f"APPEND=test={suite}/{case.test.name}"]
        return command("run", *implementation.variables(), *words) + ", and type"
    if finding.confirmed is False:
        append = "test=" + ",".join(selector(suite, test) for test in finding.mix)
    elif finding.schedule:
        append = f"test={suite}/{case.test.name} {finding.schedule}"
    else:
        append = f"test={selector(suite, case.test)}"
    words = [f"CPUS={case.cpus}", "ICOUNT=1", f"APPEND={shlex.quote(append)}"]
    return command("gdb", *implementation.variables(), *words)
