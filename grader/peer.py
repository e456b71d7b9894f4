"""The outside half of a test: labs/NN-name/tests/NAME.py, beside the program NAME.c.

Some tests need a finger on the keyboard.  The program in the guest prints what it
sees; its outside half types and moves the mouse, through QEMU's own devices, and
compares.  What is typed is random, from a seed, so no kernel can know it before:

    def run(guest: Guest) -> None:
        guest.expect("ready")
        guest.keys([("a", True), ("a", False)])
        if guest.line() != "down 30":
            raise Wrong("expected ..., got ...")

It returns when all is well, and raises Wrong with a sentence for the student.
The program then ends by itself.

Only lines that begin with "> " are the program's; whatever else is in the log is
not for us.  Two things wait for one another here, so nothing depends on time: the
program polls until something comes, and a line has come too late only when QEMU
has used PATIENCE seconds of CPU time since it was last given something to do.
A busy machine does not come into it.
"""

from __future__ import annotations

import importlib.util
import random
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.hangs import SILENCE
from grader.judge import cpu_stuck, hang_evidence
from grader.load import Lab, Test, place
from grader.protocol import Log, Span
from tools.machine.boot import Boot, BootError
from tools.machine.errors import Trouble

MARK = "> "
PATIENCE = 4.0  # s of QEMU's CPU time; an answer takes some thousandths
POLL = 0.05  # s, between two looks at that
SHOWN = 6  # things done last, in the evidence
BUTTONS = ("left", "right", "middle")


class Wrong(Exception):
    """The kernel did not do what it should: in words for the student."""


class Silence(Wrong):
    """The program says nothing more."""


class Gone(Exception):
    """The guest has ended, or is being ended: its log says why."""


class Guest:
    """What an outside half has of the machine."""

    def __init__(self, boot: Boot, span: Span, seed: str, spent: Callable[[], float]):
        self.random = random.Random(seed)
        self.boot = boot
        self.span = span
        self.spent = spent  # QEMU's CPU time
        self.asked_at = spent()
        self.patience = PATIENCE
        self.done: list[str] = []  # what was typed, for people
        self.read = 0  # lines of the span
        self.news = threading.Condition()
        self.ended = False

    # ---- what the program says ----

    def next_line(self) -> str | None:
        """The next line of the program that is there already."""
        lines = self.span.lines
        while self.read < len(lines):
            line = lines[self.read]
            self.read += 1
            if line.startswith(MARK):
                return line[len(MARK) :]
        return None

    def line(self) -> str:
        """Waits for the next line of the program."""
        with self.news:
            while True:
                over = self.ended or bool(self.span.end)
                late = self.spent() - self.asked_at > self.patience  # before looking
                line = self.next_line()
                if line is not None:
                    return line
                if over and not self.span.end:
                    raise Gone
                if over:
                    raise Silence("the program has ended")
                if late:
                    raise Silence(SILENCE)
                self.news.wait(POLL)

    def expect(self, *wanted: str) -> None:
        """The program's next lines are these."""
        for text in wanted:
            try:
                got = self.line()
            except Silence as silence:
                raise Silence(f'expected "{text}", and {silence}') from None
            if got != text:
                raise Wrong(f'expected "{text}", got "{got}"')

    def where(self) -> list[str]:
        """Where the machine is, asked by an NMI, if that is in a student's function."""
        first = len(self.span.lines)
        try:
            self.qmp("inject-nmi")
        except Gone:
            return []
        with self.news:
            while not any(line.startswith("NMI report ends") for line in self.span.lines[first:]):
                if self.ended or self.span.end or self.spent() - self.asked_at > PATIENCE:
                    return []
                self.news.wait(POLL)
        report = hang_evidence(self.span.lines[first:])
        return report if cpu_stuck(report)[1] else []

    # ---- what is done to the machine ----

    def qmp(self, execute: str, **arguments: Any) -> Any:
        """A command of QEMU's.  Nothing is done when the program has ended: the
        machine is another test's by now, or gone."""
        self.asked_at = self.spent()
        if self.span.end:
            return None
        try:
            return self.boot.qmp(execute, **arguments)
        except (BootError, OSError, ValueError):
            with self.news:  # the rest of the log says which of the two it is
                while not self.ended and not self.span.end:
                    self.news.wait(POLL)
            if not self.span.end:
                raise Gone from None
            return None

    def note(self, words: str) -> None:
        """For the evidence."""
        self.done.append(words)

    def keys(self, keys: Sequence[tuple[str, bool]]) -> None:
        """Presses (True) and releases (False) keys, by QEMU's names, all at once.

        The keyboard holds 16 bytes that were not taken; what does not fit is lost.
        """
        self.note("keys " + " ".join(f"{'+' if down else '-'}{name}" for name, down in keys))
        events = [
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}}
            for name, down in keys
        ]
        self.qmp("input-send-event", events=events)

    def mouse(self, right: int = 0, down: int = 0, press: str = "", release: str = "") -> None:
        """Moves it, presses a button or releases one, all at once.

        QEMU sends packets of up to 127 each way, of which 5 fit.
        """
        words, events = [], []
        for axis, value, where in (("x", right, "to the right"), ("y", down, "down")):
            if value:
                words.append(f"{value:+d} {where}")
                events.append({"type": "rel", "data": {"axis": axis, "value": value}})
        for name, pressed in ((press, True), (release, False)):
            if name:
                words.append(f"{name} button {'pressed' if pressed else 'released'}")
                events.append({"type": "btn", "data": {"down": pressed, "button": name}})
        self.note(f"mouse {', '.join(words)}")
        self.qmp("input-send-event", events=events)


# ---- finding the outside half ----


def outside_half(lab: Lab, test: Test) -> Path:
    """Its file."""
    return lab.folder / "tests" / f"{test.name}.py"


def package_of(folder: Path) -> str:
    """Makes a folder with outside halves a package: one says `from .shared import ...`.

    Its name is its path, since two labs, or two trees, may have halves of one name.
    """
    name = f"outside:{folder}".replace(".", "_")
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def load_outside_half(path: Path) -> Callable[[Guest], None]:
    """Its run()."""
    name = f"{package_of(path.parent)}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not spec or not spec.loader or not path.exists():
        raise Trouble(f"there is no {place(path)}, the outside half of this test")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        run: Callable[[Guest], None] = module.run
    except Exception as error:
        raise Trouble(f"{place(path)}: {type(error).__name__}: {error}") from None
    return run


# ---- beside a boot ----


class Outside:
    """The outside halves of a boot's tests, each while its test runs.

    They run in a thread of their own; look() and end() are called by the one
    that reads the log.
    """

    def __init__(self, lab: Lab, tests: Sequence[Test], seed: int, haste: dict[str, int]):
        self.halves = {
            f"{lab.suite}/{test.name}": load_outside_half(outside_half(lab, test)) for test in tests
        }
        self.seed = seed
        self.haste = haste  # by name: what PATIENCE is divided by
        self.results: dict[str, list[str]] = {}  # by name; empty: it is content
        self.trouble: Exception | None = None  # a mistake in an outside half
        self.boot: Boot | None = None
        self.guest: Guest | None = None
        self.seen = 0  # spans
        self.spent: Callable[[], float] = lambda: 0.0
        self.threads: list[threading.Thread] = []

    def start(self, boot: Boot, spent: Callable[[], float]) -> None:
        """The machine has been started."""
        self.boot, self.spent = boot, spent

    def look(self, log: Log) -> None:
        """Some more of the log has come."""
        guest = self.guest
        if guest:
            with guest.news:
                guest.news.notify_all()
        # Several may have begun, and ended, since the last look.
        for span in log.spans[self.seen :]:
            self.seen += 1
            if span.name in self.halves:
                self.begin(span)

    def begin(self, span: Span) -> None:
        """A test has begun."""
        assert self.boot
        if self.threads:  # that of the test before, which has ended
            self.threads[-1].join()
        self.guest = Guest(self.boot, span, f"{self.seed} {span.name}", self.spent)
        self.guest.patience = PATIENCE / self.haste[span.name]
        thread = threading.Thread(target=self.run, args=(self.guest,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def run(self, guest: Guest) -> None:
        """In the thread: one outside half."""
        name = guest.span.name
        try:
            self.halves[name](guest)
            self.results[name] = []
        except Gone:
            pass
        except Wrong as wrong:
            done = [f"done before: {words}" for words in guest.done[-SHOWN:]]
            where = guest.where() if isinstance(wrong, Silence) else []
            cpu, place = cpu_stuck(where)
            stuck = f"; CPU {cpu} is in {place}" if place else ""
            self.results[name] = [str(wrong) + stuck, *done, *where]
        except Exception as error:
            self.trouble = error

    def end(self) -> None:
        """The guest has ended: waits until nothing more can come."""
        guest = self.guest
        if guest:
            with guest.news:
                guest.ended = True
                guest.news.notify_all()
        for thread in self.threads:
            thread.join()
        if self.trouble:
            raise Trouble(f"a mistake in an outside half: {self.trouble!r}") from self.trouble

    def stuck(self, log: Log) -> bool:
        """Is an outside half through with a program, which would wait for ever?"""
        span = log.open_span
        return bool(self.trouble or (span and self.results.get(span.name)))
