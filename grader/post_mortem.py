"""What a kernel that could say nothing itself can be made to show, by booting it again."""

from __future__ import annotations

import time
from pathlib import Path

from grader.judge import hang_evidence
from grader.load import place
from grader.verdict import printable
from tools.machine import evidence
from tools.machine.boot import Boot, BootError
from tools.machine.machine import Machine

WAIT = 2.0  # s, until the machine has come to where it stays


def explain_triple_fault(machine: Machine, log: Path) -> list[str]:
    """The exceptions that led to it, from QEMU's log of interrupts."""
    text = evidence.triple_fault(machine, log)
    told = text.partition("The last exceptions:")[2].partition("All interrupts")[0]
    lines = [printable(line.strip()) for line in told.splitlines() if line.strip()]
    if not lines:
        return ["it did not happen again by itself"]
    return ["the last exceptions:", *lines, f"all interrupts, with registers: {place(log)}"]


def explain_silence(machine: Machine, log: Path, answer: float) -> list[str]:
    """Where the CPUs of a silent machine are: asked by an NMI from outside.

    It has `answer` seconds for it.
    """
    try:
        with Boot(machine, log, qmp=True, timeout=answer) as guest:
            time.sleep(WAIT)
            guest.qmp("inject-nmi")
            guest.wait_for("NMI report ends", answer)
            lines = guest.text().splitlines()
    except (BootError, OSError, ValueError):
        return ["it does not answer an NMI either"]
    return [printable(line) for line in hang_evidence(lines)]
