"""From what a boot left behind to a verdict with its evidence.

A boot leaves a log (protocol.py) and an Ending: how QEMU ended.  The first test
that has begun and has no end is the one that ended the boot, and how it did so
is its verdict; tests after it were not reached, and are no one's failure.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field, replace

from grader.load import Schedule, Test
from grader.protocol import Log, Span, find_schedule
from grader.verdict import Case, Finding, Verdict, printable
from tools.machine.machine import EXIT_WORDS

COMMENTS_SHOWN = 4
FRAMES_SHOWN = 8
LINES_SHOWN = 32

# What calls every test, and every thread: no news.
HARNESS = re.compile(r"\s+#\d+ (ktest_run|run_plain|run_perturbed|thread_begin)\b")


@dataclass(frozen=True)
class Ending:
    """How QEMU ended."""

    status: int  # as subprocess has it
    triple_fault: bool = False
    endless: int = 0  # bytes in the log, when it was killed for printing too much
    silent: str = ""  # why it was given up, when it was killed for that
    errors: str = ""  # what QEMU itself printed
    disk: str = ""  # why the log cannot be complete
    words: str = ""  # the same in words, of boot.End
    # What outside halves found, by the test's full name; nothing: they are
    # content.  A test that is not in it has no such half, or one that never ended.
    outside: dict[str, list[str]] = field(default_factory=dict)

    @property
    def infra(self) -> str:
        """Why this was not the kernel's doing; empty if it was."""
        said = self.errors.strip().splitlines()[-1:] or ["it said nothing"]
        if self.disk:
            return self.disk
        if self.endless or self.silent or any(self.outside.values()):
            return ""
        if "terminating on signal" in self.errors:
            return f"QEMU was ended from outside: {said[0]}"
        if self.status == -signal.SIGXFSZ:
            return "QEMU's log may not grow more: see `ulimit -f`"
        if self.status < 0:
            name = signal.Signals(-self.status).name
            return f"QEMU was killed by {name}, from outside or by the system"
        # A guest's code can leave by the exit port with any odd status, also with
        # that of QEMU's own failures: but then QEMU has not said why.
        said_why = [line for line in self.errors.splitlines() if line.strip() and "warning:" not in line]
        by_the_guest = self.status % 2 == 1 and not said_why
        if self.status and self.status not in EXIT_WORDS and not by_the_guest:
            return f"QEMU failed with status {self.status}: {said[0]}"
        return ""


# ---- evidence: parts of the log ----


def frames_of(lines: list[str], count: int = FRAMES_SHOWN) -> list[str]:
    """A backtrace at the beginning of these lines, down to the test; not all too long."""
    frames = []
    for line in lines:
        if not re.match(r"\s+(#\d+ |\.\.\. )", line) or HARNESS.match(line):
            break
        frames.append(line)
    more = len(frames) - count
    return frames[:count] + ([f"  ... and {more} calls more"] if more > 0 else [])


def section(lines: list[str], begin: str, end: str = "") -> list[str]:
    """The lines from the first that begins so to the one that ends it."""
    for first, line in enumerate(lines):
        if not line.startswith(begin):
            continue
        for last in range(first, len(lines)):
            if end and lines[last].startswith(end):
                return lines[first : last + 1]
        return lines[first:]
    return []


def waits_in(lines: list[str]) -> list[str]:
    """Who waits for whom, as the kernel's spin_report() says it."""
    return [line for line in lines if re.match(r"(deadlock: |CPU \d+ waits for )", line)]


def waiting_in(lines: list[str]) -> list[str]:
    """Who waits for what, held by whom, as the kernel's wait_report() says it."""
    report = section(lines, "Waits:")
    found = report[:1]
    for line in report[1:]:
        if not line.startswith("  ") or line.strip() == "none":
            break
        found.append(line)
    return found if len(found) > 1 else []


def locks_in(lines: list[str]) -> list[str]:
    """The locks that are held, under their heading."""
    held = section(lines, "Locks held:")[1:]
    found = []
    for line in held:
        if not line.startswith("  ") or line.strip() == "none":
            break
        found.append(line)
    return ["Locks held:", *found] if found else []


def panic_text(lines: list[str]) -> list[str]:
    """All that the panic said, from its headline on."""
    for first, line in enumerate(lines):
        if line.startswith("*** PANIC"):
            return lines[first:]
    return []


def panic_evidence(lines: list[str]) -> list[str]:
    """The headline, the backtrace and the locks; not the registers."""
    text = panic_text(lines)
    if not text:
        return tail(lines)
    trace = section(text, "Backtrace:")
    evidence = [text[0], *trace[:1], *frames_of(trace[1:], 12)]
    for extra in (waits_in(text), locks_in(text)):
        evidence += extra
    return evidence


def heads(report: list[str], pattern: str) -> list[list[str]]:
    """Each line that matches, with its backtrace."""
    return [
        [line, *frames_of(report[number + 1 :])]
        for number, line in enumerate(report)
        if re.match(pattern, line)
    ]


def hang_evidence(lines: list[str]) -> list[str]:
    """From the NMI report: where each CPU is, the threads of the test, the locks."""
    report = section(lines, "NMI report", "NMI report ends")
    if not report:  # the idle loop has seen that no thread can run
        forced = [line for head in heads(lines, r"place \d+: ") for line in head]
        return [*waiting_in(lines), *waits_in(lines), *forced] or tail(lines)
    evidence = [line for head in heads(report, r"CPU \d+: ") for line in head]
    evidence += locks_in(report)
    threads = heads(report, r"(thread \d+ |the idle thread).*: ")
    told = [head for head in threads if any(re.search(r"\((labs|solutions)/", f) for f in head)]
    for head in told:
        evidence += head
    if len(threads) > len(told):
        evidence.append(f"{len(threads) - len(told)} other threads wait, of the kernel itself")
    return waits_in(report) + waiting_in(report) + evidence


STUDENT_FRAME = re.compile(r"\s+#\d+ (\S+ \((?:labs|solutions)/[\w-]+/[\w-]+\.c:\d+[,)].*)")
STUDENT_FUNCTION = re.compile(r"\s+#\d+ (lab_\w+\+.*)")


def cpu_stuck(evidence: list[str]) -> tuple[str, str]:
    """Which CPU runs in a student's function, and its innermost place there.

    A thread that waits has its place, too, but is no news: who loops is on a CPU.
    And a CPU that waits for a lock of another one is not the one that has it.
    """
    waiting = {line.split()[1] for line in evidence if re.match(r"CPU \d+ waits for ", line)}
    found: dict[str, str] = {}
    cpu = ""
    for line in evidence:
        head = re.match(r"(?:CPU (\d+)|thread \d+ .*|the idle thread.*): ", line)
        if head:
            cpu = head[1] or ""
        frame = STUDENT_FRAME.match(line) or STUDENT_FUNCTION.match(line)
        if frame and cpu and cpu not in found:
            found[cpu] = frame[1]
    ranked = sorted(found, key=lambda number: number in waiting)  # else as they came
    return (ranked[0], found[ranked[0]]) if ranked else ("", "")


def where_stuck(evidence: list[str]) -> str:
    """The same, as the end of a sentence."""
    place = cpu_stuck(evidence)[1]
    return f", and is in {place}" if place else ""


def tail(lines: list[str], count: int = 8) -> list[str]:
    """The last lines; what else is there to show?"""
    said = [line for line in lines if line.strip()][-count:]
    return ["the last lines of the log:", *said] if said else ["the log is empty"]


def first(lines: list[str], otherwise: str) -> str:
    """The line that says most."""
    return lines[0] if lines else otherwise


# ---- verdicts ----


@dataclass
class Judge:
    """Judges the cases of one boot."""

    log: Log
    ending: Ending

    def judge(self, case: Case, span: Span) -> Finding:
        """A test that began in this boot."""
        finding = self.judge_end(case, span) if span.end else self.judge_cut(case, span)
        if case.test.kind == "peer":
            finding = hear_outside(finding, span, self.ending.outside)
        if case.test.expect == "panic":
            finding = expect_panic(case.test, span, finding)
        elif case.test.expect == "deadlock":
            finding = expect_deadlock(case.test, finding)
        finding.evidence = [printable(line) for line in finding.evidence[:LINES_SHOWN]]
        finding.summary = printable(finding.summary)
        if not finding.passed and not finding.schedule:
            finding.schedule = case.schedule or span.schedule or schedule_of(span.lines)
        return finding

    def judge_end(self, case: Case, span: Span) -> Finding:
        """It ended by itself."""
        finding = Finding(case, Verdict.PASS, runs=span.runs, schedule=span.schedule)
        if span.end == "skip":
            finding.verdict = Verdict.INFRA
            finding.summary = f"on {case.cpus} CPUs the kernel skips it: {span.reason}"
        elif span.end == "ok" and span.runs == 0:
            finding.verdict = Verdict.INFRA
            finding.summary = "it passed without a run: see sched in lab.toml"
        elif span.end == "fail":
            said = [line for line in span.comments if not line.startswith("failed with ")]
            comments = list(dict.fromkeys(said))  # many seeds and CPUs may fail alike
            finding.verdict = Verdict.WRONG
            finding.summary = first(comments, "it failed, and did not say why")
            finding.evidence = comments[1:COMMENTS_SHOWN]
            if len(comments) > COMMENTS_SHOWN:
                finding.evidence.append(f"... and {len(comments) - COMMENTS_SHOWN} more")
        return finding

    def judge_cut(self, case: Case, span: Span) -> Finding:
        """It ended the boot.

        QEMU's exit status says nothing that counts: any code can leave with any.
        """
        ending, lines = self.ending, span.lines
        if ending.infra:
            return Finding(case, Verdict.INFRA, ending.infra)
        if span.panicked:
            text = panic_evidence(lines)
            return Finding(case, Verdict.PANIC, text[0].lstrip("* "), text[1:])
        if ending.endless:
            size = f"{ending.endless / 2**20:.0f} MiB"
            summary = f"it prints without end: {size} until it was stopped"
            return Finding(case, Verdict.HANG, summary, tail(lines))
        if span.hang:
            return self.judge_hang(case, span)
        if ending.triple_fault:
            summary = "the CPU could deliver neither an exception nor the double fault"
            return Finding(case, Verdict.TRIPLE_FAULT, summary)
        if ending.silent:
            return Finding(case, Verdict.TIMEOUT, ending.silent, tail(lines))
        summary = f"the machine was switched off in the middle of the test: {ending.words}"
        return Finding(case, Verdict.WRONG, summary, tail(lines))

    def judge_hang(self, case: Case, span: Span) -> Finding:
        """The watchdog's NMI has ended it."""
        cycle = waits_in(span.lines)
        evidence = hang_evidence(span.lines)
        if span.hang == "deadlock":
            summary = first(cycle, "all threads wait, and nobody is left to wake one")
            evidence = [line for line in evidence if line != summary]
            return Finding(case, Verdict.DEADLOCK, summary, evidence)
        limit = case.test.limit / 1e6
        summary = f"it has not ended after {limit:,.0f} million instructions"
        summary += where_stuck(evidence)
        said = sum(len(line) + 1 for line in span.lines if line)
        if said > 64 * 1024:
            summary += f", and printed {said // 1024} KiB meanwhile"
        return Finding(case, Verdict.HANG, summary, evidence)

    def no_boot(self, case: Case) -> Finding:
        """There is no ready frame."""
        ending, lines = self.ending, self.log.outside
        if ending.infra:
            return Finding(case, Verdict.INFRA, ending.infra)
        if panic_text(lines):
            text = panic_evidence(lines)
            summary, evidence = "it panics before any test: " + text[0].lstrip("* "), text[1:]
        elif ending.triple_fault:
            summary, evidence = "a triple fault before any test", []
        elif ending.endless:
            summary, evidence = "it prints without end before any test", tail(lines)
        elif ending.silent:
            summary, evidence = f"it hangs before any test: {ending.silent}", tail(lines)
        else:
            summary, evidence = f"it ended before any test: {ending.words}", tail(lines)
        evidence = [printable(line) for line in evidence]
        return Finding(case, Verdict.NO_BOOT, printable(summary), evidence)


def hear_outside(finding: Finding, span: Span, outside: dict[str, list[str]]) -> Finding:
    """The same, when an outside half has its say."""
    said = outside.get(span.name)
    if said:
        if finding.verdict in (Verdict.PASS, Verdict.WRONG):
            # Where a CPU happened to be then is evidence, and no verdict: a program
            # that asks again and again is in a student's function, too.
            return replace(finding, verdict=Verdict.WRONG, summary=said[0], evidence=said[1:])
    elif span.end and said is None and finding.verdict in (Verdict.PASS, Verdict.WRONG):
        last = [line for line in span.lines if line.startswith("> ")][-1:]
        summary = "the program ended before its outside half was content"
        summary += f'; the last it said is "{last[0][2:]}"' if last else ""
        return replace(finding, verdict=Verdict.WRONG, summary=summary)
    return finding


def schedule_of(lines: list[str]) -> Schedule | None:
    """The run that a panic or the NMI report names."""
    for line in lines:
        if line.startswith("Schedule: "):
            return find_schedule(line)
    return None


def expect_panic(test: Test, span: Span, finding: Finding) -> Finding:
    """The same for a test that shall end in a panic, with certain words."""
    if finding.verdict in (Verdict.PASS, Verdict.WRONG):
        words = finding.summary if finding.verdict is Verdict.WRONG else "the test ran to its end"
        summary = f"expected a panic, got none: {words}"
        return replace(finding, verdict=Verdict.WRONG, summary=summary)
    if finding.verdict is not Verdict.PANIC:
        return finding
    for pattern in test.panic_says:
        if not re.search(pattern, finding.summary):
            summary = f"the panic does not say what it should: expected /{pattern}/, "
            summary += f"got {finding.summary}"
            return replace(finding, verdict=Verdict.WRONG, summary=summary)
    return replace(finding, verdict=Verdict.PASS, summary="", evidence=[])


def expect_deadlock(test: Test, finding: Finding) -> Finding:
    """The same for a test in which all threads shall wait for one another."""
    if finding.verdict in (Verdict.PASS, Verdict.WRONG):
        words = finding.summary if finding.verdict is Verdict.WRONG else "the test ran to its end"
        summary = f"expected a deadlock, got none: {words}"
        return replace(finding, verdict=Verdict.WRONG, summary=summary)
    if finding.verdict is not Verdict.DEADLOCK:
        return finding
    for pattern in test.deadlock_says:
        if not re.search(pattern, finding.summary):
            summary = f"the deadlock is not told as it should: expected /{pattern}/, "
            summary += f"got {finding.summary}"
            return replace(finding, verdict=Verdict.WRONG, summary=summary)
    return replace(finding, verdict=Verdict.PASS, summary="", evidence=[])
