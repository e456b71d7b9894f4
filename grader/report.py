"""What a person reads: each test as soon as it is known, then the table and the mark.

On a terminal the last line tells meanwhile what runs.  Colours are for a
terminal only, and not where NO_COLOR is set (no-color.org).
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import threading
from typing import TextIO

from grader import commands
from grader.implementation import Failure, Implementation
from grader.load import place
from grader.verdict import MEANING, Finding, Outcome, Result, Verdict, printable
from tools.machine.machine import Machine

RED, GREEN, YELLOW, BOLD, FAINT = 31, 32, 33, 1, 2
COLOURS = {Verdict.PASS: GREEN, Verdict.INFRA: YELLOW}
FOR_ALL = (Verdict.INFRA, Verdict.NO_BOOT)  # if one test has it, mostly all have
INDENT = " " * 8
NAME_WIDTH = 34
WIDTH = 88


class Report:
    """Prints; its methods may be called from several threads."""

    def __init__(self, implementation: Implementation, out: TextIO | None = None):
        self.implementation = implementation
        self.out = out or sys.stdout
        self.terminal = self.out.isatty() and os.environ.get("TERM") != "dumb"
        self.colours = self.terminal and not os.environ.get("NO_COLOR")
        self.lock = threading.RLock()
        self.shown = ""  # of the progress line
        self.waiting: list[Result] = []  # in order; not printed yet
        self.count = 0  # of all
        self.mixed = False  # are there other tests than those of challenges?
        self.advised: set[str] = set()  # exercises whose text has been named
        self.last: tuple[Verdict, str] | None = None  # explained just before
        self.challenges: dict[str, list[Result]] = {}  # known, by exercise; told when all are

    # ---- lines ----

    def colour(self, text: str, code: int) -> str:
        """The text in a colour, if there are any."""
        return f"\033[{code}m{text}\033[0m" if self.colours else text

    def line(self, text: str = "") -> None:
        """A line that stays."""
        with self.lock:
            self.clear()
            print(text, file=self.out, flush=True)

    def clear(self) -> None:
        """Removes the progress line."""
        with self.lock:
            if self.shown:
                self.out.write("\r" + " " * len(self.shown) + "\r")
                self.out.flush()
                self.shown = ""

    def progress(self, text: str) -> None:
        """Replaces the progress line; nothing where that is no terminal."""
        if not self.terminal:
            return
        with self.lock:
            self.clear()
            self.shown = printable(text)[: shutil.get_terminal_size().columns - 1]
            self.out.write(self.shown)
            self.out.flush()

    # ---- the parts ----

    def begin(self, results: list[Result], hint: str = "") -> None:
        """What is marked, and on which machine."""
        self.waiting = list(results)
        self.count = len(results)
        self.mixed = any(result.test.points for result in results)
        source = place(self.implementation.source)
        name = Machine(icount=True).name()
        self.line(self.colour(f"Lab {self.implementation.lab.name}: {source}, on {name}", BOLD))
        if hint:
            self.line(hint)
        self.line()

    def found(self) -> None:
        """Another finding has come: prints the results that are now complete."""
        with self.lock:
            while self.waiting and self.waiting[0].explained:
                result = self.waiting.pop(0)
                if self.mixed and result.test.extra and not result.test.points:
                    self.challenges.setdefault(result.test.exercise, []).append(result)
                else:
                    self.result(result)
            if not self.waiting:
                for results in self.challenges.values():
                    self.challenge(results)
                self.challenges.clear()

    def challenge(self, results: list[Result]) -> None:
        """The tests of one; where none passes, it has mostly not been begun."""
        names = ",".join(result.test.name for result in results)
        if any(result.passed or result.verdict is Verdict.INFRA for result in results):
            for result in results:
                self.result(result)
            return
        exercise, words = results[0].test.exercise, " ".join(self.implementation.variables())
        self.line(
            f"{'challenge':<13} {exercise}  not begun: none of its {len(results)} tests passes"
        )
        self.line(f"{INDENT}their results  make grade {words} TEST={names}")
        self.line()

    def result(self, result: Result) -> None:
        """One test."""
        assert result.finding
        test, verdict = result.test, result.finding.verdict
        points = f"{result.points}/{test.points}" if test.points else f"extra {result.extra}"
        if not test.points:
            points += f"/{test.extra}"
        word = self.colour(f"{verdict:<13}", COLOURS.get(verdict, RED))
        self.line(f"{word} {test.exercise}  {test.name:<{NAME_WIDTH}} {points:>7}")
        finding = result.finding
        if result.passed or not finding:
            return
        if (verdict, finding.summary) == self.last and verdict in FOR_ALL:
            return  # for the same reason as the one above
        self.last = (verdict, finding.summary)
        for text in self.failure(result, finding):
            self.line(INDENT + text)
        self.line()

    def failure(self, result: Result, finding: Finding) -> list[str]:
        """Why, and what to do next."""
        lost = result.test.points or result.test.extra
        kind = "points" if result.test.points else "extra points"
        loss = f"{kind[:-1] if lost == 1 else kind} lost: {lost}"
        if finding.verdict is Verdict.INFRA:
            return [finding.summary, f"log    {finding.log}"] if finding.log else [finding.summary]
        lines = [self.colour(finding.summary, BOLD)]
        lines += ["  " + text for text in finding.evidence]
        lines.append(f"{MEANING[finding.verdict]}; {loss}; {self.where(result, finding)}")
        lines += self.steps(finding)
        return lines

    def where(self, result: Result, finding: Finding) -> str:
        """Under which conditions it failed."""
        case = finding.case
        text = f"on {case.cpus} CPU{'s' if case.cpus > 1 else ''}"
        if finding.schedule:
            text += f" with {finding.schedule}"
        if finding.confirmed:
            text += ", again in a fresh boot"
        elif finding.confirmed is False:
            text += "; alone in a fresh boot it passes: this needs the whole mix, as below"
        fine = [str(f.case.cpus) for f in result.findings if f.passed and f.case.cpus != case.cpus]
        if fine:
            text += f"; it passes on {', '.join(dict.fromkeys(fine))}"
        return text

    def steps(self, finding: Finding) -> list[str]:
        """The log, the commands, the text to read."""
        lab, test = self.implementation.lab, finding.case.test
        lines = [
            f"log    {finding.log}",
            f"again  {commands.again(self.implementation, finding)}",
            f"debug  {commands.debug(self.implementation, finding)}",
        ]
        if test.hint:
            lines += textwrap.wrap(f"hint   {test.hint}", WIDTH, subsequent_indent=" " * 7)
        if test.exercise not in self.advised:  # once is enough
            self.advised.add(test.exercise)
            title = lab.exercise_title(test.exercise)
            lines.append(f"read   {lab.handout}, exercise {test.exercise} {title}".rstrip())
        return lines

    def stopped(self) -> None:
        """The grading ends here: what is known of the tests that would come next."""
        with self.lock:
            waiting, self.waiting = self.waiting, []
            known = [r for r in waiting if r.decided]
            for result in [*known, *(r for rs in self.challenges.values() for r in rs)]:
                self.result(result)
            left = f"{len(waiting) - len(known)} of {self.count} tests have no result"
            self.line(f"stopped: {left}, so there is no mark")

    def build_failure(self, failure: Failure) -> None:
        """The files do not build: once, for all tests."""
        count = len(self.waiting)
        self.waiting.clear()
        word = self.colour(f"{'BUILD':<13}", RED)
        self.line(f"{word} none of {count} tests can be run: {printable(failure.summary)}")
        for text in failure.lines:
            self.line(INDENT + printable(text))
        words = " ".join(self.implementation.variables())
        self.line(f"{INDENT}all errors:  make kernel {words}")
        self.line()

    def table(self, outcome: Outcome) -> None:
        """The points of each exercise; of files that do not build, nothing: the
        errors above it shall not scroll away."""
        if any(result.verdict is Verdict.BUILD for result in outcome.results):
            return
        rows: dict[str, list[Result]] = {}
        for result in outcome.results:
            rows.setdefault(result.test.exercise, []).append(result)
        self.line()
        self.line(self.colour("exercise" + " " * 43 + "tests    points", FAINT))
        for exercise, results in sorted(rows.items()):
            title = f"{exercise} {self.implementation.lab.exercise_title(exercise)}"
            results = [result for result in results if result.test.points or not result.test.extra]
            if not results:
                continue
            passed = f"{sum(result.passed for result in results)}/{len(results)}"
            of = sum(result.test.points for result in results)
            points = f"{sum(result.points for result in results)}/{of}"
            self.line(f"{title:<48.48} {passed:>7} {points:>9}")
        if any(result.test.extra for result in outcome.results):
            self.line(f"{'extra points, for challenges':<48} {'':>7} {outcome.extra:>9}")
        self.line()

    def last_line(self, outcome: Outcome, whole: bool) -> None:
        """The mark; and nothing after it."""
        name = self.implementation.lab.name
        if outcome.void:
            first = outcome.void[0]
            reason = first.finding.summary if first.finding else ""
            count = len(outcome.void)
            self.line(f"lab {name}: no mark, as {count} tests could not be judged: {reason}")
        elif whole:
            self.line(f"lab {name}: {outcome.points}/{outcome.of}")
        else:
            self.line(f"lab {name}: {outcome.points}/{outcome.of} in the tests that were chosen")


class Quiet(Report):
    """Says nothing: for --tap, and for programs."""

    def line(self, text: str = "") -> None:
        pass

    def progress(self, text: str) -> None:
        pass
