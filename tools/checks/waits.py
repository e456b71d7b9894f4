"""No check and no test waits for a number of seconds: a busy machine would fail it.

How it is done instead: what is waited for is an event (tools/machine/waiting.py), what
something costs is counted in instructions (icount), and two processes take turns by a
hand-shake.  Two limits are left, against what hangs for ever: LAST_RESORT of waiting.py,
and KTEST_LAST_RESORT of kernel/test/ktest.h.

Python is looked at by its syntax, C by its words.  What looks like a limit in seconds and
is none is in ALLOWED, with the reason; a line there that excuses nothing is a mistake too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.machine.machine import ROOT

from .framework import Context, check, expect
from .source import sources


@dataclass(frozen=True)
class Found:
    """A line that waits for seconds, or judges by them."""

    place: str  # the file's path, from the top of the tree
    number: int
    line: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}:{self.number}: {self.why}: {self.line}"


# ---- Python ----

PYTHON = ("tools", "grader", "bench", "labs")
WAITING = "tools/machine/waiting.py"  # the one place that waits
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "time_ns", "seconds"}
GUARDS = {"LAST_RESORT", "POLL"}  # how long at most, and between two looks


def name_of(node: ast.expr | None) -> str:
    """The last word of `a.b.c`, or of a name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_guard(node: ast.expr) -> bool:
    """Is this one of the two limits that are left, or none at all?"""
    return name_of(node) in GUARDS or (isinstance(node, ast.Constant) and not node.value)


def is_clock(node: ast.AST) -> bool:
    """Is this a look at the clock?"""
    if not isinstance(node, ast.Call):
        return False
    name, owner = name_of(node.func), getattr(node.func, "value", None)
    return name in CLOCKS or (name == "time" and name_of(owner) == "time")


def wrong_call(call: ast.Call) -> str:
    """Why this call waits for a number of seconds; "" when it does not."""
    name = name_of(call.func)
    for keyword in call.keywords:
        if keyword.arg == "timeout" and not is_guard(keyword.value):
            return "a limit in seconds that is not LAST_RESORT"
    if name == "sleep":
        return "it sleeps"
    waits = call.args[3:] if name == "select" else call.args
    if name in ("wait", "settimeout", "select") and waits and not is_guard(waits[-1]):
        return "a limit in seconds that is not LAST_RESORT"
    if name == "join" and any(isinstance(getattr(arg, "value", ""), float | int) for arg in call.args):
        return "a limit in seconds that is not LAST_RESORT"
    return ""


def depends(node: ast.AST, times: set[str]) -> bool:
    """Does it come of a clock, or of a name that does?"""
    return any(is_clock(part) or name_of(part) in times for part in ast.walk(node))  # type: ignore[arg-type]


def times_of(function: ast.AST) -> set[str]:
    """The names in a function that hold times of a clock."""
    times: set[str] = set()
    for node in sorted(ast.walk(function), key=lambda node: getattr(node, "lineno", 0)):
        if isinstance(node, ast.Assign) and depends(node.value, times):
            names = [part for target in node.targets for part in ast.walk(target)]
            times |= {name_of(part) for part in names} - {"", "self"}  # type: ignore[arg-type]
        if isinstance(node, ast.Call) and name_of(node.func) == "append":
            if any(depends(arg, times) for arg in node.args):
                times.add(name_of(getattr(node.func, "value", None)))
    return times


def in_python(place: str, text: str) -> Iterator[Found]:
    """The waits of a Python file."""
    lines = text.splitlines()
    tree = ast.parse(text)
    wrong: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (why := wrong_call(node)):
            wrong[node.lineno] = why
        if isinstance(node, ast.FunctionDef):
            times = times_of(node)
            for part in ast.walk(node):
                if isinstance(part, ast.Compare) and depends(part, times):
                    wrong[part.lineno] = "a clock decides"
    for number, why in sorted(wrong.items()):
        yield Found(place, number, lines[number - 1].strip(), why)


# ---- C ----

# Where tests are, and what they are run by.
C_FILES = re.compile(r"(kernel/test/|labs/[^/]+/tests/|user/tests/|user/fuzz/|user/(run|tap)\b).*")

# At least so long is no limit, so only "<" is one.
C_WAITS = {
    r"\b(?:alarm|u?sleep|setitimer|timer_settime)\(": "it waits for a time",
    r"\b(?:clock_)?nanosleep\(|\bpause_ms\(": "it sleeps",
    r"\bthread_sleep_until\(time_ns\(\) \+ (?:\d|NSEC|[A-Z])": "it sleeps",
    r"\btime_delay_ns\(|\bspin_until\(": "it waits for a time",
    r"(?i:timeout|patience|limit|deadline|until|last_resort)\b.*NSEC_PER_M?SEC": "a limit in seconds",
    r"\btime_ns\(\)[^;<>]*<(?!=)": "a clock decides",
    r"\b(?:now|now_ms|time)\([^;<>]*<(?!=)": "a clock decides",
    r"\btv_n?sec > (?!\d)|\btv_sec < ": "a clock decides",
}

# What a function asks that counts time only where it is counted in instructions.
EXACT = re.compile(r"\b(?:ktest_time_is_exact|ktest_is_late|deadlines_hold|time_is_instructions)\(")
FUNCTION = re.compile(r"^\{\n.*?^\}", re.DOTALL | re.MULTILINE)


def without_exact(text: str) -> str:
    """The same lines, and blanks where functions ask whether time is exact."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0]) if EXACT.search(found[0]) else found[0]

    return FUNCTION.sub(blank, text)


def without_comments(text: str) -> str:
    """The same lines, and blanks where comments and strings were."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])  # noqa: E731
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)


def in_c(place: str, text: str) -> Iterator[Found]:
    """The waits of a file of C."""
    lines = text.splitlines()
    for number, line in enumerate(without_exact(without_comments(text)).splitlines(), 1):
        for pattern, why in C_WAITS.items():
            if re.search(pattern, line):
                yield Found(place, number, lines[number - 1].strip(), why)
                break


# ---- all of it ----

def waits_in(file: Path) -> list[Found]:
    """The waits of a file, if it is a check's or a test's."""
    place = str(file.relative_to(ROOT))
    if file.suffix == ".py" and place.startswith(PYTHON) and place != WAITING:
        return list(in_python(place, file.read_text(encoding="utf-8")))
    if file.suffix in (".c", ".h") and C_FILES.fullmatch(place):
        return list(in_c(place, file.read_text(encoding="utf-8")))
    return []


EXACT_ONLY = "it belongs to tests that are skipped without icount"
MILDER = "a longer time only makes the test milder"
GUARDED = "what it waits for at most is KTEST_LAST_RESORT, without icount"
COSTS = "who waits meanwhile must use no CPU time; nothing depends on what comes first"

# file: part of the line: why it is no limit
ALLOWED: dict[str, dict[str, str]] = {
    "kernel/test/ktest.c": {"_TIMEOUT (": GUARDED},
    "kernel/test/ktest.h": {"#define KTEST_LAST_RESORT": "this is the one guard"},
    "kernel/test/tests/test_timer.c": {"time_delay_ns(": "what is tested: at least so long"},
    "labs/01-interrupts/tests/k_attach.c": {"time_delay_ns(": MILDER},
    "labs/01-interrupts/tests/k_detach.c": {"time_delay_ns(": MILDER},
    "labs/01-interrupts/tests/k_moved.c": {"time_delay_ns(": MILDER},
    "labs/01-interrupts/tests/k_report.c": {"time_ns() < deadline": GUARDED},
    "labs/01-interrupts/tests/lab01.h": {"time_ns() < deadline_": GUARDED},
    "labs/02-eventqueue/tests/k_poll_rate.c": {"began + DURATION": "it only prints figures"},
    "labs/02-eventqueue/tests/lab02.h": {"time_ns() < deadline_": GUARDED},
    "labs/03-blocking/tests/calls_sleep.c": {"pause_ms(": COSTS},
    "labs/03-blocking/tests/k_condition.c": {"time_ns() < until": GUARDED},
    "labs/03-blocking/tests/k_futex.c": {"spin_until(": EXACT_ONLY},
    "labs/03-blocking/tests/k_idle.c": {"thread_sleep_until(": EXACT_ONLY},
    "labs/03-blocking/tests/k_lab03.c": {
        "void spin_until(": "each caller is looked at",
        "while (time_ns() < deadline)": "the same",
    },
    "labs/03-blocking/tests/k_priority.c": {
        "spin_until(": MILDER,
        "time_ns() < end": GUARDED,
    },
    "labs/03-blocking/tests/k_waitq.c": {"thread_sleep_until(": "it is asked again, EVENTUALLY()"},
    "labs/03-blocking/tests/k_waitq_ends.c": {"spin_until(": "right whichever comes first"},
    "labs/03-blocking/tests/lab03.h": {
        "time_ns() < deadline_": GUARDED,
        "void spin_until(": "each caller is looked at",
    },
    "labs/03-blocking/tests/pthreads.c": {"pause_ms(": COSTS},
    "labs/03-blocking/tests/thread_exits.c": {"pause_ms(": COSTS},
    "labs/03-blocking/tests/user_futex.h": {
        "void pause_ms(": "each caller is looked at",
        "nanosleep(&t": "the same",
        "pause_ms(10);": "between two of so many looks",
    },
    "user/fuzz/main.c": {
        "nanosleep(&pause": "between two looks",
        "STALL : START": "the checks run it under icount",
    },
    "user/run.c": {"nanosleep(&moment": "between two of so many looks"},
    "user/tests/clocks.c": {
        "nanosleep(": "what is tested: at least so long",
        "CLOCK_PROCESS_CPUTIME_ID": "until it has used so much CPU time",
    },
    "user/tests/exhaustion.h": {"nanosleep(&moment": "between two of so many looks"},
    "user/tests/hostile_memory.c": {"start.tv_sec + 1": "it ends what goes round for ever"},
    "user/tests/many_processes.c": {"nanosleep(&forever": "for ever, until it is killed"},
    "user/tests/tty.c": {"now_ms() - start < 190": "one of fifty times is enough"},
    "tools/machine/terminal.py": {"POLL if log else None": "how often the log is looked at"},
    "tools/machine/contents.py": {
        "st_mtime > limit": "times of files: one from the future is made anew",
        'time.time() < last["time"]': "has the clock gone back?",
    },
}


def excuse_of(found: Found) -> str:
    """The part of the line that ALLOWED names; "" when there is none."""
    parts = ALLOWED.get(found.place, {})
    return next((part for part in parts if part in found.line), "")


@check("source/waits")
def no_waits_in_seconds(context: Context) -> None:
    """Checks and tests wait for events, and have no limits in seconds."""
    found = [wait for file in sources() for wait in waits_in(file)]
    wrong = [str(wait) for wait in found if not excuse_of(wait)]
    expect(not wrong, "limits in seconds, which a busy machine exceeds", "none",
           "\n    " + "\n    ".join(wrong))  # fmt: skip
    used = {(wait.place, excuse_of(wait)) for wait in found}
    named = {(place, part) for place, parts in ALLOWED.items() for part in parts}
    unused = [f"{place}: {part}" for place, part in sorted(named - used)]
    expect(not unused, "ALLOWED excuses what is not there", "nothing", unused)
    context.note(f"{len(found)} lines look like it, and are argued for")
