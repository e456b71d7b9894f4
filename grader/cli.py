"""The command line of the grader, and how every program around it ends."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from grader import formats
from grader.grading import Grading, Request, default_jobs
from grader.implementation import choose_implementation
from grader.load import find_lab, load_lab, nearest
from grader.report import Quiet, Report
from grader.run import Replay
from grader.watch import Limits
from tools.machine.boot import kill_all
from tools.machine.errors import Trouble, trouble_from
from tools.machine.machine import BUILD

SCHEDS = r"random|pct(:\d+)?|jitter|explore(:(\d+\.\d+(\+\d+\.\d+)*)?)?|fair"

FULL_MARKS, LESS, COULD_NOT, INTERRUPTED = 0, 1, 2, 130

EPILOG = """\
exit status: 0 for full marks, 1 for less, 2 when the grader itself could not work
"""


class Parser(argparse.ArgumentParser):
    """One line for a mistake, like every other."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise Trouble(f"{message} (--help lists the options)")


def arguments() -> Parser:
    """The options."""
    parser = Parser(prog="grade", description="Mark a lab.", epilog=EPILOG)
    parser.add_argument("--lab", default="", metavar="N", help="1, 01 or its name; the highest")
    parser.add_argument("--impl", default="labs", metavar="labs|solutions|DIR")
    parser.add_argument("--name", default="", help="names the stage of a DIR in build/")
    parser.add_argument("--test", action="append", default=[], metavar="NAME")
    parser.add_argument("--sched", default="", metavar="random|pct:3|jitter|explore|fair")
    parser.add_argument("--seed", type=int, metavar="N", help="only the runs with this seed")
    parser.add_argument("--cpus", type=int, metavar="N", help="only on that many CPUs")
    parser.add_argument("--jobs", type=int, default=default_jobs(), metavar="N")
    parser.add_argument("--no-build", action="store_true", help="the stage is built already")
    parser.add_argument("--tap", action="store_true", help="print TAP, and nothing else")
    parser.add_argument("--junit", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="written after every test")
    parser.add_argument("--patience", type=float, default=Limits.patience, metavar="SECONDS",
                        help="until a QEMU that idles is given up")  # fmt: skip
    return parser


def read_request(words: list[str]) -> tuple[Request, bool]:
    """What the command line asks for, and whether it wants TAP."""
    options = arguments().parse_args(words)
    if options.sched and not re.fullmatch(SCHEDS, options.sched):
        hint = nearest(options.sched, ["random", "pct:3", "jitter", "explore", "fair"])
        raise Trouble(f"--sched {options.sched} is nothing known; {hint}")
    if options.cpus is not None and not 1 <= options.cpus <= 8:
        raise Trouble(f"--cpus {options.cpus}: Signalbox runs on 1 to 8")
    if options.jobs < 1:
        raise Trouble(f"--jobs {options.jobs}: at least one boot at a time")
    lab = load_lab(find_lab(options.lab))
    request = Request(
        implementation=choose_implementation(lab, options.impl, options.name),
        tests=tuple(name for given in options.test for name in given.split(",") if name),
        replay=Replay(options.sched, options.seed),
        cpus=options.cpus,
        jobs=options.jobs,
        build=not options.no_build,
        json=options.json,
        junit=options.junit,
        limits=Limits(patience=options.patience),
    )
    return request, options.tap


def grade(words: list[str]) -> int:
    """Grades, prints, and returns the exit status."""
    request, tap = read_request(words)
    report = (Quiet if tap else Report)(request.implementation)
    try:
        outcome = Grading(request, report).run()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        kill_all()
        report.stopped()
        raise
    finally:
        report.clear()
    if tap:
        sys.stdout.write(formats.tap_text(outcome))
    report.table(outcome)
    report.last_line(outcome, request.whole)
    if outcome.void:
        return COULD_NOT
    return FULL_MARKS if outcome.points == outcome.of else LESS


def stop(number: int, frame: object) -> None:
    """A polite request to end is like Ctrl-C."""
    raise KeyboardInterrupt


def own_mistake() -> str:
    """The grader has a bug: where its traceback is."""
    place = BUILD / "grader-mistake.txt"
    text = traceback.format_exc()
    try:
        place.write_text(text, encoding="utf-8")
    except OSError:
        return text.strip().splitlines()[-1]
    return f"{text.strip().splitlines()[-1]}; the traceback is in {place}"


def run_program(name: str, program: Callable[[], int]) -> int:
    """Runs it, with every way to fail in one line."""
    signal.signal(signal.SIGTERM, stop)
    try:
        status = program()
        sys.stdout.flush()
        return status
    except Trouble as trouble:
        words = str(trouble)
    except BrokenPipeError:  # `make grade | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT
    except OSError as error:
        words = str(trouble_from(error))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        kill_all()
        print(f"{name}: stopped; no QEMU is left behind", file=sys.stderr)
        return INTERRUPTED
    except Exception:  # not the student's fault either
        words = f"a mistake in the grader itself: {own_mistake()}"
    print(f"{name}: {words}", file=sys.stderr)
    return COULD_NOT


def run_verb(package: str, verbs: dict[str, Callable[[list[str]], int]], words: list[str]) -> int:
    """Runs the program of a package that the first word names, with the other words."""
    verb = words[0] if words else ""
    if verb not in verbs:
        print(f"usage: python3 -m {package} {'|'.join(verbs)} [OPTION ...]", file=sys.stderr)
        return COULD_NOT
    return run_program(verb, lambda: verbs[verb](words[1:]))
