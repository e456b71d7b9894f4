"""`make run`, `make console` and `make bochs`, as a person at a terminal uses them."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
from pathlib import Path
from types import TracebackType

from tools.machine import boot
from tools.machine.machine import ROOT
from tools.machine.waiting import wait_until

from .framework import Context, Failed, check, expect, interactive
from .source import make

PROMPT = "signalbox> "
CTRL_A, CTRL_C = "\x01", "\x03"


class Terminal:
    """A program on a terminal of its own, whose other end this is."""

    def __init__(self, arguments: list[str], log: Path):
        self.ours, self.theirs = pty.openpty()
        self.before = termios.tcgetattr(self.theirs)
        self.text = ""
        self.passed = 0
        self.log = log
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "tools.machine", *arguments],
            cwd=ROOT,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
        )
        boot.running.add(self.process)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        boot.kill(self.process)
        self.log.write_text(self.text, encoding="utf-8")
        os.close(self.ours)
        os.close(self.theirs)

    def read(self) -> bool:
        """Takes what is there; False when there is nothing."""
        if not select.select([self.ours], [], [], 0)[0]:
            return False
        self.text += os.read(self.ours, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        return True

    def wait_for(self, pattern: str) -> None:
        """Waits until the program has printed it, after what was waited for before."""

        def missing() -> Failed:
            lines = boot.last_lines(self.text)
            return Failed(f"the terminal does not show /{pattern}/, but:\n{lines}")

        def look() -> re.Match[str] | None:
            ended = self.process.poll() is not None  # before looking: then all is there
            while self.read():
                pass
            found = re.compile(pattern).search(self.text, self.passed)
            if not found and ended:
                raise missing()
            return found

        found = wait_until(look, missing)
        assert found
        self.passed = found.end()

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self.ours, keys.encode())

    def expect_exit(self, status: int) -> None:
        """The program ends so, and leaves the terminal as it was."""

        def look() -> bool:
            ended = self.process.poll() is not None  # before looking: then all is there
            while self.read():  # what nobody reads would hold it up
                pass
            return ended

        wait_until(look, lambda: Failed(f"it does not end:\n{boot.last_lines(self.text)}"))
        got = self.process.poll()
        lines = boot.last_lines(self.text)
        expect(got == status, "the program ended otherwise", status, f"{got}\n{lines}")
        after = termios.tcgetattr(self.theirs)
        expect(after == self.before, "the terminal is not as before", self.before, after)


@check("verbs/run", 5)
def run(context: Context) -> None:
    """The monitor; Ctrl-C goes to the guest; poweroff, and Ctrl-A X, leave."""
    with interactive:
        arguments = ["run", "--stage", context.stage, "--append", "monitor"]
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for("poweroff.*\n")  # how to leave is said first
            terminal.wait_for(PROMPT)
            terminal.type("half" + CTRL_C)
            terminal.wait_for(PROMPT)
            terminal.type("uptime\r")
            terminal.wait_for("since boot")
            terminal.wait_for(PROMPT)
            terminal.type("poweroff\r")
            terminal.wait_for("powered off")
            terminal.expect_exit(0)
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for(PROMPT)
            terminal.type(CTRL_A + "x")
            terminal.wait_for("stopped")
            terminal.expect_exit(0)


@check("verbs/run-shell", 3)
def run_shell(context: Context) -> None:
    """Without words for the kernel it is a shell, which can power off."""
    with interactive:
        with Terminal(["run", "--stage", context.stage], context.log()) as terminal:
            terminal.wait_for("APPEND=monitor")
            terminal.wait_for("[#$] ")
            terminal.type("echo o''k\r")
            terminal.wait_for("\nok\r?\n")
            terminal.type("poweroff\r")
            terminal.wait_for("powered off")
            terminal.expect_exit(0)


@check("verbs/run-panic", 2)
def run_panic(context: Context) -> None:
    """A panic, and a test that fails, are told in words, and by the exit status."""
    with interactive:
        arguments = ["run", "--stage", context.stage, "--append", "test=fault/null panic=exit"]
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for("the kernel panicked")
            terminal.expect_exit(1)


@check("verbs/bochs", 10)
def bochs(context: Context) -> None:
    """Bochs with the console on the terminal."""
    with interactive:
        arguments = ["bochs", "--stage", context.stage, "--cpus", "1"]
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for(PROMPT)
            terminal.type("uptime\r")
            terminal.wait_for("since boot")
            terminal.wait_for(PROMPT)
            terminal.type("poweroff\r")
            terminal.wait_for("powered off")
            terminal.expect_exit(0)


@check("verbs/bochs-debugger", 10)
def bochs_debugger(context: Context) -> None:
    """Bochs's debugger knows the kernel's symbols; the console is beside it."""
    with interactive:
        arguments = ["bochs", "--stage", context.stage, "--cpus", "1", "--debug"]
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for("<bochs:1>")
            terminal.type('lb "kmain"\n')
            terminal.type("c\n")
            terminal.wait_for(r"Breakpoint 1.*\n")
            terminal.wait_for("kmain")
            terminal.type("c\n")
            console = ["console", "--stage", context.stage]
            with Terminal(console, context.log()) as second:
                second.wait_for(PROMPT)
                second.type("uptime\r")
                second.wait_for("since boot")
                second.type(CTRL_A + "x")
                second.expect_exit(0)
            terminal.type(CTRL_C)
            terminal.wait_for("<bochs:")
            terminal.type("q\n")
            terminal.expect_exit(0)


@check("verbs/gdb-console", 5)
def gdb_console(context: Context) -> None:
    """A person in GDB, with the console in a second terminal."""
    with interactive:
        arguments = ["gdb", "--stage", context.stage, "--gdb-args=-nx"]
        with Terminal(arguments, context.log()) as terminal:
            terminal.wait_for(r"\(gdb\) ")
            terminal.type("continue\n")
            with Terminal(["console", "--stage", context.stage], context.log()) as second:
                second.wait_for(PROMPT)
                second.type("uptime\r")
                second.wait_for("since boot")
                second.type(CTRL_A + "x")
                second.expect_exit(0)
            terminal.type("kill\n")
            terminal.type(CTRL_C)
            terminal.wait_for(r"\(gdb\) ")
            terminal.type("quit\n")
            terminal.expect_exit(0)


MISTAKES = {
    "nonsense": 'There is no verb "nonsense"',
    "kernel LAB=99": 'There is no lab "99"',
    "kernel LAB=two": 'There is no lab "two"',
    "kernel IMPL=mine": "IMPL=mine: it is labs",
    "kernel BASE=mine": "BASE=mine: it is reference or labs",
    "kernel FILES=/nowhere": "there is no directory with C files",
    "kernel BUILD=/proc/1/build": "cannot be written",
    "run CPUS=9": "CPUS=9: Signalbox runs on 1 to 8",
    "run CPUS=two": "CPUS=two: Signalbox runs on 1 to 8",
    "run MEMORY=8": "in 32 MiB or more",
    "run MEMORY=1G": "in 32 MiB or more",
    "gdb AT=nowhere": 'AT=nowhere: Function "nowhere" not defined',
    "grade TEST=nestin": "did you mean nesting?",
    "grade TEST=nesting SEED=x": "argument --seed",
    "grade TEST=nesting SCHED=x": "--sched x is nothing known",
    "grade TEST=nesting CPUS=9": "Signalbox runs on 1 to 8",
    "explore": "which test?",
    "explore TEST=demo/planted_lost_wakeup SCHED=x": "no schedule",
    "oracle TEST=forks": "there is fork",
    "bench ROWS=nothing": "no such row",
    "course": "make course OUT=DIRECTORY",
    f"course OUT={ROOT / 'tools'}": "neither empty nor a git repository",
}


@check("verbs/mistakes", 10)
def mistakes(context: Context) -> None:
    """What a person types wrongly is answered by a sentence, and nothing is begun."""
    wrong = []
    for words, answer in MISTAKES.items():
        status, text, _ = make("LAB=1", "IMPL=solutions", *words.split())
        if status == 0 or answer not in text or "Traceback" in text or "usage:" in text:
            wrong.append(f"make {words}: expected {answer!r}, got status {status}:\n{text[-600:]}")
    expect(not wrong, "mistakes are answered badly", "sentences", "\n".join(wrong))
    context.note(f"{len(MISTAKES)} mistakes")
