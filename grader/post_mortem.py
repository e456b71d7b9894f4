"""What a kernel that could say nothing itself can be made to show, by booting it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.judge import hang_evidence
from grader.load import place
from grader.verdict import printable
from grader.watch import Limits, Patience
from tools.machine import evidence
from tools.machine.boot import Boot, BootError
from tools.machine.machine import Machine
from tools.machine.waiting import LAST_RESORT, wait_until

NMI_REPORT_ENDS = "NMI report ends"
SETTLED = 2.0  # s of CPU time or of idling: the machine is where it stays


def explain_triple_fault(machine: Machine, log: Path) -> list[str]:
    """The exceptions that led to it, from QEMU's log of interrupts."""
    text = evidence.triple_fault(machine, log)
    told = text.partition("The last exceptions:")[2].partition("All interrupts")[0]
    lines = [printable(line.strip()) for line in told.splitlines() if line.strip()]
    if not lines:
        return ["it did not happen again by itself"]
    return ["the last exceptions:", *lines, f"all interrupts, with registers: {place(log)}"]


def explain_silence(machine: Machine, log: Path, limits: Limits) -> list[str]:
    """Where the CPUs of a silent machine are: asked by an NMI from outside."""
    try:
        with Boot(machine, log, qmp=True) as guest:
            run_on(guest, replace(limits, patience=SETTLED), "")
            guest.qmp("inject-nmi")
            run_on(guest, limits, NMI_REPORT_ENDS)
            text = guest.text()
    except (BootError, OSError, ValueError):
        text = ""
    if NMI_REPORT_ENDS not in text:
        return ["it does not answer an NMI either"]
    return [printable(line) for line in hang_evidence(text.splitlines())]


def run_on(guest: Boot, limits: Limits, words: str) -> None:
    """Lets it run until its log has these words, or it has had time enough to write them."""
    patience = Patience(guest.process.pid, limits)

    def look() -> bool:
        said = bool(words) and words in guest.text()
        settled = not words and patience.spent() > SETTLED
        return said or settled or bool(patience.exhausted(0, 0)) or guest.has_ended()

    wait_until(look, lambda: guest.fail(f"nothing in {LAST_RESORT} s"))
