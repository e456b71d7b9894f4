"""Runs the tests of a lab: in groups, two boots at a time, and on after a crash.

Tests with the same number of CPUs share a boot, in the order of lab.toml, since
a boot costs more than most tests.  A test that ends the boot (a panic, a hang)
has its verdict by that, and the ones after it go on in a fresh boot.  A test
that is expected to panic or to deadlock has a boot of its own, and programs
share none with tests inside the kernel, nor those that have an outside half
(peer.py) with those that have not.

What failed is tried once more in a fresh boot, with the one seed that failed:
so what the report offers to a person has been seen to fail so.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.hangs import Hangs, function_of
from grader.implementation import Implementation
from grader.judge import Ending, Judge, panic_text
from grader.load import STRATEGIES, Schedule, Test, place
from grader.peer import Outside
from grader.post_mortem import explain_silence, explain_triple_fault
from grader.protocol import Log, Span, new_token
from grader.verdict import Case, Finding, Verdict
from grader.watch import Booted, Limits, run_boot
from tools.machine.boot import BootError, kill_all, stopping
from tools.machine.errors import Trouble, trouble_from
from tools.machine.machine import Machine

LINE_ROOM = 3000  # characters of test= in the kernel's command line of 4096
BOOT_ROOM = 6000  # runs on one CPU, in a boot: a second or two; more are shared out
COSTS = {"kernel": (1, 10), "user": (20, 50), "peer": (0, 150)}  # of a run, and of a test
CONFIRMATIONS = 12  # where everything fails, these say enough
REPLAY_LIMIT = 500_000_000  # instructions; one seed of hundreds takes far less


@dataclass(frozen=True)
class Replay:
    """Which perturbed run to repeat, instead of a test's own mix."""

    sched: str = ""
    seed: int | None = None
    fresh: int = field(default_factory=lambda: secrets.randbelow(10**9))  # for outside halves

    def schedules(self, test: Test) -> list[Schedule | None]:
        """What that means for a test: without sched, all strategies of its mix."""
        if test.kind == "peer":
            return [Schedule(self.sched, self.fresh if self.seed is None else self.seed)]
        if self.sched:
            return [Schedule(self.sched, 1 if self.seed is None else self.seed)]
        if self.seed is None or not test.sched:
            return [None]
        seeded = [name for name in test.sched if name != "explore"]
        return [Schedule(STRATEGIES[name], self.seed) for name in seeded] or [None]


@dataclass
class Job:
    """Cases that share a boot."""

    cpus: int
    schedule: Schedule | None
    cases: list[Case] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """About how long it takes: the longest jobs are started first."""
        return sum(weigh(case) for case in self.cases)

    def has_room(self, case: Case, suite: str) -> bool:
        """May the case join?"""
        line = sum(len(other.test.selector(suite)) + 1 for other in (*self.cases, case))
        return line <= LINE_ROOM and self.weight + weigh(case) <= BOOT_ROOM


def weigh(case: Case) -> int:
    """About how long it takes, in runs on one CPU of a test inside the kernel."""
    runs = 1 if case.schedule else sum(case.test.sched.values())
    each, once = COSTS[case.test.kind]
    return (each * runs + once) * case.cpus


def cases_of(test: Test, replay: Replay, cpus: int | None = None) -> list[Case]:
    """All conditions under which a test must pass."""
    counts = [cpus] if cpus else test.cpus
    return [Case(test, count, schedule) for count in counts for schedule in replay.schedules(test)]


def plan_jobs(cases: list[Case], suite: str) -> list[Job]:
    """Which cases share a boot; in the order in which jobs should start."""
    jobs: list[Job] = []
    open_jobs: dict[tuple[int, Schedule | None, str], Job] = {}
    for case in cases:
        key = (case.cpus, case.schedule, case.test.kind)
        if case.test.expect != "pass":
            jobs.append(Job(case.cpus, case.schedule, [case]))
            continue
        job = open_jobs.get(key)
        if job is None or not job.has_room(case, suite):
            job = open_jobs[key] = Job(case.cpus, case.schedule)
            jobs.append(job)
        job.cases.append(case)
    return sorted(jobs, key=lambda planned: -planned.weight)


class Runner:
    """Runs jobs of one implementation; its callbacks come from several threads."""

    def __init__(
        self,
        implementation: Implementation,
        folder: Path,
        limits: Limits,
        found: Callable[[Finding], None],
        progress: Callable[[str], None],
    ):
        self.implementation = implementation
        self.folder = folder  # for logs
        self.limits = limits
        self.found = found
        self.progress = progress
        self.lock = threading.Lock()
        self.names: dict[str, int] = {}
        self.no_boot: dict[int, Finding] = {}  # by number of CPUs
        self.confirmations = 0
        self.hangs_confirmed: set[str] = set()  # functions
        self.suite = implementation.lab.suite
        self.futures: list[Future[None]] = []

    def run(self, jobs: list[Job], at_once: int) -> None:
        """All of them, and what they submit meanwhile."""
        with ThreadPoolExecutor(at_once) as self.pool:
            for job in jobs:
                self.futures.append(self.pool.submit(self.run_job, job))
            try:
                for future in self.futures:  # which grows
                    future.result()
            except BaseException:  # Ctrl-C, the disk is full: nothing may go on
                self.pool.shutdown(wait=False, cancel_futures=True)
                kill_all()
                raise

    def submit_explanation(self, finding: Finding, done: Callable[[], None]) -> None:
        """Finds out more about a failure that decides a test, in boots of its own."""
        self.futures.append(self.pool.submit(self.explain, finding, done))

    # ---- a boot ----

    def log_path(self, name: str) -> Path:
        """For the next log of that name."""
        with self.lock:
            count = self.names[name] = self.names.get(name, 0) + 1
        return self.folder / (f"{name}.log" if count == 1 else f"{name}-{count}.log")

    def machine(
        self, cases: list[Case], schedule: Schedule | None, *words: str, hangs: Hangs | None = None
    ) -> Machine:
        """What runs these cases."""
        hangs = hangs or Hangs()
        tests = [
            case.test.selector(self.suite, not schedule, case.test.limit // hangs.haste(case))
            for case in cases
        ]
        schedule_words = [str(schedule)] if schedule and schedule.sched else []
        append = " ".join([f"test={','.join(tests)}", *schedule_words, "panic=exit", *words])
        stage = self.implementation.stage
        return Machine(stage=stage, cpus=cases[0].cpus, append=append, icount=True)

    def boot(
        self,
        cases: list[Case],
        schedule: Schedule | None,
        path: Path,
        progress: Callable[[Log], None] = lambda log: None,
        outside: Outside | None = None,
        hangs: Hangs | None = None,
    ) -> Booted:
        """Boots once for these cases."""
        token = new_token()
        machine = self.machine(cases, schedule, f"token={token}", hangs=hangs)
        limits = {self.full_name(case): case.test.limit for case in cases}
        try:
            return run_boot(
                machine,
                path,
                token,
                lambda name: limits.get(name, 0),
                self.limits,
                progress,
                outside,
            )
        except OSError as error:
            raise trouble_from(error) from error
        except BootError as error:
            words = "stopped" if stopping.is_set() else str(error).splitlines()[0]
            raise Trouble(words) from error

    def full_name(self, case: Case) -> str:
        """As the kernel has it: 01/nesting."""
        return f"{self.suite}/{case.test.name}"

    # ---- a job ----

    def run_job(self, job: Job) -> None:
        """Boots until each of its cases has a finding."""
        remaining, retried, hangs = job.cases, False, Hangs()
        name = f"{job.cpus}-cpus" if len(job.cases) > 1 else job.cases[0].test.name
        while remaining:
            if job.cpus in self.no_boot:
                self.give_up(remaining, self.no_boot[job.cpus])
                return
            path = self.log_path(name)
            outside = self.outside_of(remaining, job.schedule, hangs)
            passes = Passes(self, remaining, path, outside)
            booted = self.boot(remaining, job.schedule, path, passes.look, outside, hangs)
            passes.look(booted.log)
            tests = tuple(case.test for case in remaining)
            remaining = [case for case in remaining if case not in passes.cases]
            if booted.ending.infra and not retried:
                retried = True  # killed from outside, once: the rest is tried again
            elif remaining:
                settled = self.settle(remaining, booted, tests, hangs)
                remaining = [case for case in remaining if case not in settled]

    def outside_of(
        self, cases: list[Case], schedule: Schedule | None, hangs: Hangs
    ) -> Outside | None:
        """The outside halves of these cases, if that is what they have."""
        if cases[0].test.kind != "peer" or not schedule:
            return None
        tests = [case.test for case in cases]
        haste = {self.full_name(case): hangs.haste(case) for case in cases}
        return Outside(self.implementation.lab, tests, schedule.seed, haste)

    def settle(
        self, cases: list[Case], booted: Booted, booted_tests: tuple[Test, ...], hangs: Hangs
    ) -> list[Case]:
        """Hands on what this boot found; returns the cases that are done."""
        judge = Judge(booted.log, booted.ending)
        settled, again = [], False
        if not booted.log.ready:
            return self.settle_no_boot(cases, booted, judge)
        for case in cases:
            span = booted.log.span(self.full_name(case))
            if span:
                finding = judge.judge(case, span)
                if not hangs.take(finding):
                    again = True
                    continue
                finding.log = f"{place(booted.path)}:{span.line}"
                finding.mix = booted_tests[: booted_tests.index(case.test) + 1]
                self.found(finding)
                settled.append(case)
        if booted.ending.infra:
            rest = [case for case in cases if case not in settled]
            self.give_up(rest, Finding(cases[0], Verdict.INFRA, booted.ending.infra))
            return cases
        if settled or again:
            return settled
        return self.settle_unstarted(cases, booted, judge)

    def give_up(self, cases: list[Case], known: Finding) -> None:
        """These cannot be run either, for the same reason."""
        for case in cases:
            self.found(Finding(case, known.verdict, known.summary, log=known.log))

    def settle_no_boot(self, cases: list[Case], booted: Booted, judge: Judge) -> list[Case]:
        """The kernel never came to its tests: none of them can be run."""
        finding = judge.no_boot(cases[0])
        finding.log = place(booted.path)
        if finding.verdict is Verdict.NO_BOOT:
            if booted.ending.triple_fault:
                finding.evidence += self.triple_fault(booted.machine)
            elif booted.ending.silent and not panic_text(booted.log.outside):
                finding.evidence += self.silence(booted.machine)
            with self.lock:
                self.no_boot.setdefault(cases[0].cpus, finding)
        self.found(finding)
        self.give_up(cases[1:], finding)
        return cases

    def settle_unstarted(self, cases: list[Case], booted: Booted, judge: Judge) -> list[Case]:
        """The boot ended before the first of these tests began."""
        outside = booted.log.outside
        if booted.log.done:
            known = {line.split()[0] for line in outside if re.match(r"  \w+/\w+", line)}
            missing = [case for case in cases if known and self.full_name(case) not in known]
            for case in missing or cases:
                words = f"the kernel has no test {self.full_name(case)}, which lab.toml names"
                self.found(Finding(case, Verdict.INFRA, words, log=place(booted.path)))
            return missing or cases
        first = cases[0]
        span = Span(self.full_name(first), 1, outside)
        if first.test.expect == "pass":  # else what is only printed might pass for it
            span.panicked = bool(panic_text(outside))
        finding = judge.judge(first, span)
        finding.log = place(booted.path)
        self.found(finding)
        return [first]

    # ---- after a failure ----

    def explain(self, finding: Finding, done: Callable[[], None]) -> None:
        """Adds what only another boot can tell."""
        case = finding.case
        self.progress(f"confirming {case.test.name}")
        if finding.verdict is Verdict.TRIPLE_FAULT:
            self.explain_triple_fault(finding)
        elif finding.verdict is Verdict.TIMEOUT:
            finding.evidence += self.silence(self.machine([case], case.schedule))
        else:
            self.confirm(finding)
        done()

    def confirm(self, finding: Finding) -> None:
        """Does it fail again, with its seed alone, in a fresh boot?"""
        case, schedule = finding.case, finding.schedule
        if case.schedule or (len(finding.mix) < 2 and not schedule):
            return  # it was alone, and the next boot would be the same
        if not schedule and finding.verdict in (Verdict.HANG, Verdict.DEADLOCK):
            return  # would take up to the test's limit, and show the same
        function = function_of(finding)
        with self.lock:
            self.confirmations += 1
            if self.confirmations > CONFIRMATIONS:
                return
            if function in self.hangs_confirmed:
                return
            if function:
                self.hangs_confirmed.add(function)
        short = Case(replace(case.test, limit=min(case.test.limit, REPLAY_LIMIT)), case.cpus)
        tried = short if schedule else case
        booted = self.boot([tried], schedule, self.log_path(f"again-{case.test.name}"))
        span = booted.log.span(self.full_name(case))
        if span and not booted.ending.infra:
            finding.confirmed = not Judge(booted.log, booted.ending).judge(case, span).passed

    def explain_triple_fault(self, finding: Finding) -> None:
        """Repeats it with the test alone; first with a single seed, which is short."""
        case = finding.case
        schedule = case.schedule
        if not schedule and case.test.sched:
            guess = Schedule(STRATEGIES[next(iter(case.test.sched))], 1)
            booted = self.boot([case], guess, self.log_path(f"again-{case.test.name}"))
            if booted.ending.triple_fault:
                schedule, finding.confirmed = guess, True
        finding.schedule = schedule
        finding.evidence += self.triple_fault(self.machine([case], schedule))

    def triple_fault(self, machine: Machine) -> list[str]:
        """How the machine comes to one."""
        return explain_triple_fault(machine, self.log_path("triple-fault"))

    def silence(self, machine: Machine) -> list[str]:
        """Where a machine is that says nothing."""
        return explain_silence(machine, self.log_path("silence"), self.limits)


class Passes:
    """Hands on each test that passes while its boot still runs.

    So a grading that is killed keeps them.
    """

    def __init__(self, runner: Runner, cases: list[Case], path: Path, outside: Outside | None):
        self.runner = runner
        self.waiting = list(cases)
        self.cases: list[Case] = []  # that have passed
        self.path = path
        self.outside = outside.results if outside else {}

    def look(self, log: Log) -> None:
        """Some more of the log has come."""
        if log.open_span:
            self.runner.progress(f"{log.open_span.name} on {self.runner_cpus()}")
        for case in list(self.waiting):
            span = log.span(self.runner.full_name(case))
            if not span or not span.end:
                continue
            if case.test.kind == "peer" and span.name not in self.outside:
                continue  # its outside half is still thinking
            self.waiting.remove(case)
            finding = Judge(log, Ending(0, outside=self.outside)).judge(case, span)
            if finding.passed:
                finding.log = f"{place(self.path)}:{span.line}"
                self.cases.append(case)
                self.runner.found(finding)

    def runner_cpus(self) -> str:
        """For people."""
        count = (self.waiting or self.cases)[0].cpus
        return f"{count} CPU{'s' if count > 1 else ''}"
