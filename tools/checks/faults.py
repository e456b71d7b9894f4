"""Planted faults: each is explained on the log in words.

kernel/test/tests/faults.expect has a line for each: the test's name, and an
extended regular expression that the log must match.  The kernel must leave in
an orderly way: a triple fault, or silence, is never an explanation.
"""

from __future__ import annotations

import re

from tools.machine.machine import HANG, PANIC, ROOT, TESTS_FAILED, TESTS_PASSED

from .framework import Context, add_check, check, expect

EXPECTED = ROOT / "kernel/test/tests/faults.expect"
RECOVERABLE = {"interrupt_storm"}  # the kernel masks the line, and goes on
DEADLOCKS = {"ab_ba", "upgrade", "never_woken"}  # no thread can run
NOTICED = {"spinlock_inversion", "mutex_circle"}  # told, and the test fails
STOPS_OTHERS = {"null", "stack_overflow", "double_fault", "lock_twice"}
FOUR_CPUS = STOPS_OTHERS | DEADLOCKS | {"panic_recursion"}


def planted() -> dict[str, str]:
    """Each fault's name and pattern."""
    if not EXPECTED.exists():
        return {}
    lines = [line.split("#", 1)[0] if line.startswith("#") else line for line in read_lines()]
    pairs = [line.split("|", 1) for line in lines if "|" in line]
    return {name.strip(): pattern.strip() for name, pattern in pairs}


def read_lines() -> list[str]:
    """Of the file."""
    return EXPECTED.read_text(encoding="utf-8").splitlines()


def status_of(name: str) -> int:
    """How the machine ends."""
    if name in RECOVERABLE:
        return TESTS_PASSED
    if name in DEADLOCKS:
        return HANG
    return TESTS_FAILED if name in NOTICED else PANIC


def explains(context: Context, name: str, pattern: str, cpus: int) -> None:
    """Boots with the fault, and looks for its explanation."""
    machine = context.machine(cpus=cpus, append=f"test=fault/{name} panic=exit")
    text = context.run(machine, status_of(name))
    expect(
        re.search(pattern, text, re.MULTILINE) is not None,
        "the log does not explain the fault",
        f"a match of /{pattern}/",
        "\n" + text[-1500:],
    )
    for other in range(cpus if name in STOPS_OTHERS else 0):
        expect(
            re.search(rf"CPU {other}\b", text) is not None,
            "a panic must say where each CPU was",
            f"CPU {other}",
            "\n" + text[-1500:],
        )
    if status_of(name) == PANIC:
        expect(
            re.search(r"^ +#\d+ .*\(kernel/.*:\d+\)", text, re.MULTILINE) is not None,
            "there is no backtrace with files and lines",
            "  #0 function+0x1c (kernel/file.c:120)",
            "\n" + text[-1500:],
        )


def register() -> None:
    """One check for each fault on 1 CPU, some on 4."""
    for name, pattern in planted().items():
        for cpus in (1, 4) if name in FOUR_CPUS else (1,):
            add_check(
                f"faults/{name}" + (f"-{cpus}" if cpus > 1 else ""),
                lambda context, name=name, pattern=pattern, cpus=cpus: explains(
                    context, name, pattern, cpus
                ),
            )


@check("faults/all-kinds")
def all_kinds(context: Context) -> None:
    """There are the twelve kinds of the plan, and a test for each line."""
    kinds = len(planted())
    expect(kinds >= 12, f"too few faults in {EXPECTED.name}", "12 or more", kinds)


register()
