"""A whole grading, from lab.toml to the mark: for the command, and for programs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader import formats
from grader.build import build
from grader.implementation import Failure, Implementation
from grader.load import Test, nearest
from grader.report import Report
from grader.run import Replay, Runner, cases_of, plan_jobs
from grader.verdict import Case, Finding, Outcome, Result, Verdict
from grader.watch import Limits
from tools.machine.errors import Trouble, trouble_from
from tools.machine.machine import QEMU


@dataclass(frozen=True)
class Request:
    """What is to be graded, and where the results go."""

    implementation: Implementation
    tests: tuple[str, ...] = ()  # names; none: all
    replay: Replay = field(default_factory=Replay)
    cpus: int | None = None  # only on that many
    narrow: bool = False  # each test only on the first of its numbers of CPUs
    confirm: bool = True  # look closer at what fails
    jobs: int = 2  # boots at a time
    build: bool = True
    json: Path | None = None
    junit: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def whole(self) -> bool:
        """Is the result the mark of the lab?"""
        return not (self.tests or self.replay.sched or self.replay.seed is not None or self.cpus)


def chosen_tests(request: Request) -> list[Test]:
    """The tests with these names, in the order of lab.toml."""
    tests = request.implementation.lab.tests
    known = [test.name for test in tests]
    chosen = [name.removeprefix(f"{request.implementation.lab.suite}/") for name in request.tests]
    for name in chosen:
        if name not in known:
            raise Trouble(f"this lab has no test {name}; {nearest(name, known)}")
    return [test for test in tests if not chosen or test.name in chosen]


@contextlib.contextmanager
def folder_of_our_own(implementation: Implementation, report: Report) -> Iterator[Path]:
    """Where the logs go: emptied, and ours alone until the end."""
    folder = implementation.build / "grade"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report.progress(f"waiting: {implementation.stage} is being graded already")
                fcntl.flock(lock, fcntl.LOCK_EX)
            for path in folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            yield folder
    except OSError as error:
        raise trouble_from(error) from error


def base_warning(implementation: Implementation) -> str:
    """What stands below the first line, if the labs before are the student's."""
    if os.environ.get("BASE") != "labs" or implementation.lab.number == 1:
        return ""
    return "The labs before this one are yours, too (BASE=labs): a mistake there shows here."


class Grading:
    """Collects the findings of one request, and writes them down as they come."""

    def __init__(self, request: Request, report: Report):
        self.request = request
        self.report = report
        self.lock = threading.RLock()
        self.cases: dict[str, list[Case]] = {}
        tests = chosen_tests(request)
        for test in tests:
            cpus = test.cpus[0] if request.narrow else request.cpus
            self.cases[test.name] = cases_of(test, request.replay, cpus)
        results = [Result(test, cases=len(self.cases[test.name])) for test in tests]
        self.by_name = {result.test.name: result for result in results}
        self.outcome = Outcome(results, of=sum(test.points for test in tests))

    def run(self) -> Outcome:
        """Does it all; raises Trouble when that cannot be done."""
        if not shutil.which(QEMU):
            raise Trouble(f"there is no {QEMU} here: `make setup` installs it")
        self.write(finished=False)
        self.report.progress("building")
        failure = build(self.request.implementation) if self.request.build else None
        self.report.begin(self.outcome.results, base_warning(self.request.implementation))
        if failure:
            self.fail_all(failure)
        else:
            self.boot_all()
        self.write(finished=True)
        if self.request.junit:
            text = formats.junit_text(self.request.implementation, self.outcome)
            formats.write_whole(self.request.junit, text)
        self.report.clear()
        return self.outcome

    def fail_all(self, failure: Failure) -> None:
        """What does not build earns nothing."""
        for name, cases in self.cases.items():
            result = self.by_name[name]
            result.findings = [
                Finding(case, Verdict.BUILD, failure.summary, failure.lines) for case in cases
            ]
            result.explained = True
        self.report.build_failure(failure)

    def boot_all(self) -> None:
        """Runs every case."""
        implementation = self.request.implementation
        if not (implementation.build / "kernel.elf32").exists():
            raise Trouble(f"{implementation.stage} is not built")
        cases = [case for cases in self.cases.values() for case in cases]
        with folder_of_our_own(implementation, self.report) as folder:
            self.runner = Runner(
                implementation, folder, self.request.limits, self.found, self.progress
            )
            self.runner.run(plan_jobs(cases, implementation.lab.suite), self.request.jobs)

    def found(self, finding: Finding) -> None:
        """A case is done; with the last one of a test its verdict is known."""
        with self.lock:
            result = self.by_name[finding.case.test.name]
            result.findings.append(finding)
            if not result.complete:
                return
            decisive = result.finding
            assert decisive
            known = result.passed or decisive.verdict in (Verdict.INFRA, Verdict.NO_BOOT)
            if known or not self.request.confirm:
                self.explained(result)
            else:
                self.write(finished=False)
                self.runner.submit_explanation(decisive, lambda: self.explained(result))

    def explained(self, result: Result) -> None:
        """Nothing more will be known of this test."""
        with self.lock:
            result.explained = True
            self.write(finished=False)
            self.report.found()

    def progress(self, text: str) -> None:
        """Something runs."""
        done = sum(result.complete for result in self.outcome.results)
        self.report.progress(f"{done} of {len(self.outcome.results)} tests are done; {text}")

    def write(self, finished: bool) -> None:
        """Brings the JSON file up to date."""
        if self.request.json:
            text = formats.json_text(self.request.implementation, self.outcome, finished)
            formats.write_whole(self.request.json, text)


def default_jobs() -> int:
    """Boots at a time: two, on a machine with two cores or more."""
    return min(2, os.cpu_count() or 1)
