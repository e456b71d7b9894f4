"""Reads a serial log: which test ran, how it ended, and what it said.

With token=HEX on its command line the kernel's test harness frames what counts,
each on a line of its own:

    #@HEX ready                          it is up
    #@HEX begin 01/name
    #@HEX end 01/name ok runs=400        | fail runs=17 sched=random seed=17
                                         | skip REASON
    #@HEX panic 01/name                  the text follows
    #@HEX hang 01/name hang              | deadlock; after the NMI report
    #@HEX done

The token is drawn anew for each boot, so what a student's code prints is never
taken for a result.  Between begin and end everything belongs to that test; what
does not fit (an end without its begin, a word that is none) is no result.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from grader.load import Schedule

SCHEDULE = re.compile(r"\bsched=(\S+?),? seed=(\d+)")


def new_token() -> str:
    """Always as long, so that all boots of a test take as many instructions."""
    return secrets.token_hex(8)


def find_schedule(text: str) -> Schedule | None:
    """The run that a line names."""
    found = SCHEDULE.search(text)
    return Schedule(found[1], int(found[2])) if found else None


@dataclass
class Span:
    """One test's part of a log."""

    name: str  # as in "01/nesting"
    line: int  # of its begin, from 1
    lines: list[str] = field(default_factory=list)
    end: str = ""  # "ok", "fail", "skip"; empty: it never ended
    runs: int = 0
    schedule: Schedule | None = None  # of the run that failed
    reason: str = ""  # why it was skipped
    panicked: bool = False
    hang: str = ""  # "hang", "deadlock"

    @property
    def comments(self) -> list[str]:
        """What the test said: its "# ..." lines, without the mark; a program's are indented."""
        said = [line.lstrip() for line in self.lines]
        return [line[2:] for line in said if line.startswith("# ")]


@dataclass
class Log:
    """A serial log, understood."""

    ready: bool = False
    done: bool = False
    spans: list[Span] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # before, between and after tests
    frames: int = 0

    @property
    def open_span(self) -> Span | None:
        """The test that has begun and not ended."""
        return self.spans[-1] if self.spans and not self.spans[-1].end else None

    def span(self, name: str) -> Span | None:
        """The part of that test; the first, should there be two."""
        return next((span for span in self.spans if span.name == name), None)


class Reader:
    """Takes a log line by line, also while it still grows."""

    def __init__(self, token: str):
        self.log = Log()
        self.mark = f"#@{token} "
        self.number = 0
        self.rest = ""

    def feed(self, data: bytes) -> None:
        """More of the log has come."""
        lines = (self.rest + data.decode("utf-8", "replace")).split("\n")
        self.rest = lines.pop()
        for line in lines:
            self.take(line.rstrip("\r"))

    def close(self) -> Log:
        """No more will come: an unfinished line is no frame, but it was said."""
        if self.rest:
            self.say(self.rest.rstrip("\r"))
            self.rest = ""
        return self.log

    def take(self, line: str) -> None:
        """One whole line."""
        self.number += 1
        before, mark, frame = line.partition(self.mark)
        if not mark:
            self.say(line)
            return
        if before:
            self.say(before)
        self.log.frames += 1
        self.frame(frame.split())

    def say(self, line: str) -> None:
        """A line that is no frame."""
        span = self.log.open_span
        (span.lines if span else self.log.outside).append(line)

    def frame(self, words: list[str]) -> None:
        """A line that counts."""
        log, span = self.log, self.log.open_span
        match words:
            case ["ready"]:
                log.ready = True
            case ["done"]:
                log.done = True
            case ["begin", name] if log.ready and not span:
                log.spans.append(Span(name, self.number))
            case ["end", name, "ok" | "fail" | "skip" as end, *more] if span and span.name == name:
                self.end(span, end, " ".join(more))
            case ["panic", name] if span and span.name == name:
                span.panicked = True
            case ["hang", name, kind, *more] if span and span.name == name:
                span.hang = kind
                span.schedule = find_schedule(" ".join(more))

    def end(self, span: Span, end: str, more: str) -> None:
        """A test's result."""
        span.end = end
        if end == "skip":
            span.reason = more
            return
        runs = re.search(r"\bruns=(\d+)", more)
        span.runs = int(runs[1]) if runs else 0
        span.schedule = find_schedule(more)


def read_log(data: bytes, token: str) -> Log:
    """A log that is complete."""
    reader = Reader(token)
    reader.feed(data)
    return reader.close()
