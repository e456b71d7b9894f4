"""Running the kernel under a program's control: for `make check` and the grader.

    with Boot(Machine(cpus=2, append="test=core"), log) as boot:
        end = boot.wait_exit()
    print(end.words, boot.text())

A Boot starts its emulator at once and kills it at the latest when the `with`
ends; also when this program is interrupted, or itself killed (the emulator
asks the kernel of the host for that, by setpriv).

Everything that the guest sends to COM1 goes to the log file, byte for byte, and
is read from there.  Without typing=True QEMU writes that file itself, so that
a slow reader can never hold up the guest's serial port: that would show in a
deterministic run.  With it COM1 is a socket, and a thread copies it to the log.

Nothing here ends because a certain time has passed, except by the last resort of
waiting.py, against a kernel that hangs.
"""

from __future__ import annotations

import atexit
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tools.machine.bochs import bochs_command
from tools.machine.evidence import triple_fault
from tools.machine.machine import ROOT, Machine, exit_words, guarded
from tools.machine.terminal import read_some
from tools.machine.waiting import LAST_RESORT, wait_until

running: set[subprocess.Popen[bytes]] = set()
stopping = threading.Event()  # from now on nothing is started any more


def kill_all() -> None:
    """Ends everything that this program has started, for good."""
    stopping.set()
    for process in list(running):
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends one, with its children."""
    running.discard(process)
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


atexit.register(kill_all)


def start(command: list[str], output: Path, fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Starts a program that will not outlive this one; what it prints goes to a file."""
    if stopping.is_set():
        raise BootError("not started, as everything is being stopped")
    with open(output, "wb") as file:
        process = subprocess.Popen(
            guarded(command),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            pass_fds=fds,
            start_new_session=True,
        )
    running.add(process)
    return process


def run_program(command: list[str], output: Path) -> int:
    """Runs one to its end, a debugger for example: its exit status."""
    process = start(command, output)
    try:
        return process.wait(timeout=LAST_RESORT)
    except subprocess.TimeoutExpired:
        text = output.read_text(errors="replace")
        raise BootError(f"{command[0]} does not end\n{last_lines(text)}") from None
    finally:
        kill(process)


class BootError(Exception):
    """The guest did not do what was waited for; says so in words."""


@dataclass(frozen=True)
class End:
    """How an emulator ended."""

    status: int
    triple_fault: bool = False

    @property
    def words(self) -> str:
        """For a person."""
        if self.triple_fault:
            return "triple fault: the CPU could not even enter the double fault handler"
        return exit_words(self.status)


def last_lines(text: str, count: int = 15) -> str:
    """The end of a log, for a message."""
    return "\n".join("    | " + line.rstrip("\r") for line in text.splitlines()[-count:])


class Emulator:
    """What a Boot in QEMU and in Bochs have in common: a process, and its log."""

    def __init__(self, command: list[str], log: Path, fds: list[int]):
        self.log = log
        self.started = time.monotonic()
        self.position = 0  # in the text: what wait_for() has passed
        self.copier: threading.Thread | None = None
        log.parent.mkdir(parents=True, exist_ok=True)
        self.errors = log.with_suffix(".stderr")
        self.process = start(command, self.errors, fds)

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kills the emulator, if it still runs."""
        kill(self.process)
        self.finish_log()

    def copy_to_log(self, source: int) -> None:
        """From now on, what comes from the source goes to the log."""

        def copy() -> None:
            with open(self.log, "ab", buffering=0) as log:
                while data := read_some(source):
                    log.write(data)

        self.copier = threading.Thread(target=copy, daemon=True)
        self.copier.start()

    def finish_log(self) -> None:
        """After the end of the emulator: waits until the log is complete."""
        if self.copier:
            self.copier.join(timeout=LAST_RESORT)

    def data(self) -> bytes:
        """All that came from COM1 until now."""
        return self.log.read_bytes() if self.log.exists() else b""

    def text(self) -> str:
        """The same as text, with plain newlines."""
        return self.data().decode("utf-8", "replace").replace("\r\n", "\n")

    def seconds(self) -> float:
        """Since the emulator was started."""
        return time.monotonic() - self.started

    def fail(self, what: str) -> BootError:
        """An error with the evidence."""
        evidence = last_lines(self.text()) or "    | (nothing came from COM1)"
        errors = self.errors.read_text(errors="replace").strip()
        if errors:
            evidence += "\nthe emulator says:\n" + last_lines(errors, 5)
        return BootError(f"{what}\nlast lines of {self.log}:\n{evidence}")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Waits until the log matches, after what earlier calls have matched.

        So a prompt that was there before is never taken for the next one.
        """
        regex = re.compile(pattern, re.MULTILINE)
        seen = -1

        def look() -> re.Match[str] | None:
            nonlocal seen
            ended = self.has_ended()  # before looking: then all is written
            size = self.log.stat().st_size if self.log.exists() else 0
            if size != seen:
                seen = size
                found = regex.search(self.text(), self.position)
                if found:
                    return found
            if ended:
                raise self.fail(f"waited for /{pattern}/, but {self.end().words}")
            return None

        found = wait_until(
            look, lambda: self.fail(f"waited for /{pattern}/, which did not come")
        )
        assert found
        self.position = found.end()
        return found

    def has_ended(self) -> bool:
        """Has the emulator ended, and is its log complete?"""
        if self.process.poll() is None:
            return False
        self.finish_log()
        return True

    def wait_exit(self) -> End:
        """Waits until the guest leaves the emulator."""
        try:
            self.process.wait(timeout=LAST_RESORT)
        except subprocess.TimeoutExpired:
            raise self.fail("the kernel neither ended nor said why: it hangs") from None
        running.discard(self.process)
        self.finish_log()
        return self.end()

    def end(self) -> End:
        """How it ended, once it has."""
        return End(self.process.returncode)

    def type(self, text: str) -> None:
        """Types on COM1."""
        raise NotImplementedError


class Boot(Emulator):
    """A Machine in QEMU."""

    def __init__(
        self,
        machine: Machine,
        log: Path,
        *,
        typing: bool = False,
        qmp: bool = False,
        extra: tuple[str, ...] = (),
    ):
        self.machine = machine
        self.cpu_log = log.with_suffix(".cpu")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        self.cpu_log.unlink(missing_ok=True)
        theirs: list[socket.socket] = []

        def channel() -> tuple[socket.socket, int]:
            ours, other = socket.socketpair()
            theirs.append(other)
            return ours, other.fileno()

        serial = ["-serial", f"file:{log}"]
        if typing:
            self.keyboard, fd = channel()
            serial = ["-chardev", f"socket,id=com1,fd={fd}", "-serial", "chardev:com1"]
        command = machine.qemu_command(serial)
        if "-d" not in extra:
            command += ["-d", "cpu_reset", "-D", str(self.cpu_log)]
        if qmp:
            self.monitor, fd = channel()
            self.monitor.settimeout(LAST_RESORT)  # what does not answer must not hold us up
            command += ["-chardev", f"socket,id=qmp,fd={fd}", "-mon", "chardev=qmp,mode=control"]
        super().__init__(command + list(extra), log, [s.fileno() for s in theirs])
        for other in theirs:
            other.close()
        if typing:
            self.copy_to_log(self.keyboard.fileno())
        if qmp:
            self.replies = self.monitor.makefile("r", encoding="utf-8")
            self.replies.readline()  # the greeting
            self.qmp("qmp_capabilities")

    def end(self) -> End:
        cpu_log = self.cpu_log.read_text(errors="replace") if self.cpu_log.exists() else ""
        return End(self.process.returncode, "Triple fault" in cpu_log)

    def fail(self, what: str) -> BootError:
        error = super().fail(what)
        if self.has_ended() and self.end().triple_fault:
            rerun = triple_fault(self.machine, self.log.with_suffix(".interrupts"))
            return BootError(f"{error}\n{rerun}")
        return error

    def type(self, text: str) -> None:
        self.keyboard.sendall(text.encode())

    def qmp(self, execute: str, **arguments: Any) -> Any:
        """Sends a command to QEMU, and returns its answer."""
        request = {"execute": execute, "arguments": arguments}
        self.monitor.sendall(json.dumps(request).encode() + b"\n")
        for line in self.replies:
            reply = json.loads(line)
            if "error" in reply:
                raise self.fail(f"QMP {execute}: {reply['error']['desc']}")
            if "return" in reply:
                return reply["return"]
        raise self.fail(f"QMP {execute}: QEMU has ended")

    def monitor_command(self, line: str) -> str:
        """A command of QEMU's monitor, such as `info registers`."""
        return self.qmp("human-monitor-command", **{"command-line": line})


class BochsBoot(Emulator):
    """A Machine in Bochs, from an ISO; its COM1 is a terminal of ours."""

    def __init__(self, machine: Machine, log: Path):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        self.terminal, theirs = pty.openpty()
        tty.setraw(theirs)
        command = bochs_command(machine, os.ttyname(theirs), log.with_suffix(".bochs"))
        super().__init__(command, log, [theirs])
        os.close(theirs)
        self.copy_to_log(self.terminal)

    def close(self) -> None:
        super().close()
        os.close(self.terminal)

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())
