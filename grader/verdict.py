"""The closed set of verdicts, and what was found for each test."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

from grader.load import Schedule, Test


class Verdict(enum.StrEnum):
    """How a test went.  Only PASS earns its points; INFRA makes the mark void."""

    PASS = "PASS"
    WRONG = "WRONG"  # it ended, with another result than expected
    PANIC = "PANIC"
    TRIPLE_FAULT = "TRIPLE-FAULT"
    DEADLOCK = "DEADLOCK"
    HANG = "HANG"  # the limit in instructions is reached; or it prints without end
    TIMEOUT = "TIMEOUT"  # not even the watchdog's NMI got through
    NO_BOOT = "NO-BOOT"  # the kernel did not come as far as its tests
    BUILD = "BUILD"
    INFRA = "INFRA"  # the grader's machine failed, never the student


MEANING = {
    Verdict.PASS: "passed",
    Verdict.WRONG: "the result is wrong",
    Verdict.PANIC: "the kernel panicked",
    Verdict.TRIPLE_FAULT: "the CPU gave up: a fault while handling a fault",
    Verdict.DEADLOCK: "no thread can run any more",
    Verdict.HANG: "it does not end",
    Verdict.TIMEOUT: "it does not end, and does not answer the watchdog",
    Verdict.NO_BOOT: "the kernel does not come as far as its tests",
    Verdict.BUILD: "it does not build",
    Verdict.INFRA: "the grader could not judge it: not the student's fault",
}


@dataclass(frozen=True)
class Case:
    """A test under one condition; it has one for each number of CPUs."""

    test: Test
    cpus: int
    schedule: Schedule | None = None  # to replay; None: the test's own mix


@dataclass
class Finding:
    """What one run of a case showed, and how one sees it again."""

    case: Case
    verdict: Verdict
    summary: str = ""  # one line
    evidence: list[str] = field(default_factory=list)
    schedule: Schedule | None = None  # of the run that failed, when it is known
    log: str = ""  # a path from the top, with the line: "build/...log:57"
    runs: int = 0
    mix: tuple[Test, ...] = ()  # the tests of its boot, up to it
    confirmed: bool | None = None  # did it fail again in a fresh boot? None: not tried

    @property
    def passed(self) -> bool:
        """Does it earn points?"""
        return self.verdict is Verdict.PASS


@dataclass
class Result:
    """A test's findings, one for each of its cases, in their order."""

    test: Test
    findings: list[Finding] = field(default_factory=list)
    cases: int = 0  # how many there will be
    explained: bool = False  # nothing more will be found out

    @property
    def complete(self) -> bool:
        """Is the verdict final?"""
        return bool(self.findings) and len(self.findings) >= self.cases

    @property
    def decided(self) -> bool:
        """Is it known whether it passes, even if not all has run?"""
        finding = self.finding
        if not finding or finding.verdict is Verdict.INFRA:
            return False
        return self.complete or not finding.passed

    @property
    def finding(self) -> Finding | None:
        """The one that decides: INFRA, else the first failure, else any."""
        ranked = sorted(
            self.findings,
            key=lambda f: (f.verdict is not Verdict.INFRA, f.passed, f.case.cpus),
        )
        return ranked[0] if ranked else None

    @property
    def verdict(self) -> Verdict | None:
        """None while it has not run on all its numbers of CPUs."""
        return self.finding.verdict if self.complete and self.finding else None

    @property
    def passed(self) -> bool:
        """It passed everywhere."""
        return self.verdict is Verdict.PASS

    @property
    def points(self) -> int:
        """Of test.points."""
        return self.test.points if self.passed else 0

    @property
    def extra(self) -> int:
        """Of test.extra."""
        return self.test.extra if self.passed else 0


@dataclass
class Outcome:
    """A whole grading."""

    results: list[Result]
    of: int  # points to be had from these tests

    @property
    def points(self) -> int:
        """The mark."""
        return sum(result.points for result in self.results)

    @property
    def extra(self) -> int:
        """What challenges add."""
        return sum(result.extra for result in self.results)

    @property
    def void(self) -> list[Result]:
        """The tests that could not be judged."""
        return [result for result in self.results if result.verdict is Verdict.INFRA]


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str, limit: int = 300) -> str:
    """A line of a log, harmless on a terminal: a guest may print anything."""
    text = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\t", "    "))
    return text if len(text) <= limit else text[:limit] + " ..."
