"""The prompt, over the serial line and over screen and keyboard; and the NMI."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

from tools.machine.boot import Boot, BootError, End, kill, start
from tools.machine.machine import TESTS_PASSED, USER
from tools.machine.waiting import wait_until

from .framework import Context, Failed, add_check, check, expect

PROMPT = r"^signalbox> "
UP, LEFT, BACKSPACE, CTRL_A, CTRL_C = "\x1b[A", "\x1b[D", "\x7f", "\x01", "\x03"


def power_off(context: Context, guest: Boot) -> None:
    """The end of a session: the prompt must still work."""
    guest.type("poweroff\r")
    context.expect_end(guest, guest.wait_exit(), USER)


@check("console/serial", 4)
def serial_session(context: Context) -> None:
    """Typing, editing, history and Ctrl-C, as a person does it."""
    with context.boot(context.machine(cpus=2, icount=False), typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type("help\r")
        guest.wait_for(r"^ +poweroff ")
        guest.wait_for(PROMPT)

        guest.type("abX" + BACKSPACE + "c\r")
        guest.wait_for(r"^abc: unknown command")
        guest.wait_for(PROMPT)
        guest.type("ac" + LEFT + "b" + "\r")
        guest.wait_for(r"^abc: unknown command")
        guest.wait_for(PROMPT)
        guest.type("efg" + CTRL_A + "d\r")
        guest.wait_for(r"^defg: unknown command")
        guest.wait_for(PROMPT)
        guest.type(UP + UP + "x\r")
        guest.wait_for(r"^abcx: unknown command")
        guest.wait_for(PROMPT)

        guest.type("half a line" + CTRL_C)
        guest.wait_for(r"\^C\n")
        guest.wait_for(PROMPT)
        guest.type("spin 3600\r")
        guest.wait_for(r"Ctrl-C ends them")
        guest.type(CTRL_C)
        guest.wait_for(PROMPT)
        guest.type("threads\r")
        guest.wait_for(r"^ *\d+ monitor +running")
        guest.wait_for(PROMPT)
        guest.type("waits\r")
        guest.wait_for(r"^Waits:\n  none")
        guest.wait_for(PROMPT)
        power_off(context, guest)


@check("console/paste", 3)
def paste(context: Context) -> None:
    """A page of lines, pasted at once, arrives whole."""
    words = [f"paste-{number:03}-line" for number in range(64)]
    pasted = "".join(f"{word}\r" for word in words)
    expect(len(pasted) >= 960, "the page is too short for this check", 960, len(pasted))
    with context.boot(context.machine(cpus=2, icount=False), typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type(pasted)
        for word in words:
            guest.wait_for(rf"^{word}: unknown command")
        guest.wait_for(PROMPT)
        power_off(context, guest)


def capacity() -> int:
    """How many bytes fit into a pair of sockets, one by one, as QEMU writes them."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    count = 0
    with ours, theirs:
        try:
            while True:
                count += ours.send(b"x")
        except BlockingIOError:
            return count


def unread(ours: socket.socket) -> int:
    """Bytes that wait to be read."""
    return int(struct.unpack("i", fcntl.ioctl(ours, termios.FIONREAD, b"\0" * 4))[0])


def cpu_time(pid: int) -> float:
    """What a process has used, s."""
    words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


POLLED = 2.0  # s of QEMU's CPU time, in which the guest finds the line full all the time


def read_slowly(ours: socket.socket, process: subprocess.Popen[bytes]) -> bytes:
    """Reads only when no more fits, so that the guest has to wait, and waits for long at
    first; until QEMU has ended."""
    full, text, busy_until = capacity(), b"", 0.0

    def look() -> bool:
        if process.poll() is not None:
            return True
        return unread(ours) >= full and cpu_time(process.pid) >= busy_until

    while process.poll() is None:
        wait_until(look, lambda: Failed(f"the guest stops, after {text!r}"))
        if not busy_until:
            busy_until = cpu_time(process.pid) + POLLED
            continue
        text += ours.recv(unread(ours))
    with ours.makefile("rb") as rest:
        return text + rest.read()


@check("console/slow-reader", 3)
def slow_reader(context: Context) -> None:
    """Whoever reads the serial line may be slow: nothing is lost."""
    ours, theirs = socket.socketpair()
    machine = context.machine(icount=False, append="test=lib")
    device = f"socket,id=com1,fd={theirs.fileno()}"
    command = machine.qemu_command(["-chardev", device, "-serial", "chardev:com1"])
    process = start(command, context.log(), [theirs.fileno()])
    theirs.close()
    text = read_slowly(ours, process).decode("utf-8", "replace").replace("\r\n", "\n")
    end = End(process.wait())
    kill(process)
    expect(end.status == TESTS_PASSED, "how it ended", End(TESTS_PASSED).words, end.words)
    context.ktap(text, context.log())


def nmi_reports(context: Context, cpus: int) -> None:
    """An NMI prints where every CPU and thread is, twice, and all goes on.

    Under icount: which NMI belongs to a report, and which asks for a new one, the kernel
    tells by its clock (kernel/explain/nmi.c), and that must not be the host's.
    """
    with context.boot(context.machine(cpus=cpus), typing=True, qmp=True) as guest:
        guest.wait_for(PROMPT)
        for _ in range(2):
            guest.qmp("inject-nmi")
            begin = guest.wait_for(r"^NMI report").start()
            end = guest.wait_for(r"^NMI report ends$").end()
            report = guest.text()[begin:end]
            for number in range(cpus):
                expect(f"\nCPU {number}: " in report, f"CPU {number} is not in the report")
            expect("does not answer" not in report, "a CPU did not come", "all", report[-800:])
            expect("monitor" in report, "the monitor's thread is not in the report")
            expect("(kernel/" in report, "no backtrace names a file and line")
            guest.type("\r")
            guest.wait_for(PROMPT)
            guest.type("cpus\r")  # takes a while: the next NMI is no echo of this one
            guest.wait_for(PROMPT)
        again = guest.text().count("NMI report ends")
        expect(again == 2, "each NMI makes one report", 2, again)
        guest.type("spin 3600\r")  # with all CPUs busy, too
        guest.wait_for(r"Ctrl-C ends them")
        guest.qmp("inject-nmi")
        guest.wait_for(r"^NMI report ends$")
        guest.type(CTRL_C)
        guest.wait_for(PROMPT)
        power_off(context, guest)


for number_of_cpus in (1, 4):
    add_check(
        f"console/nmi-{number_of_cpus}",
        lambda context, cpus=number_of_cpus: nmi_reports(context, cpus),
        4,
    )


# ---- screen and keyboard ----

QCODES = {" ": "spc", "\n": "ret", "\r": "ret", "\x1b": "esc", "-": "minus", "=": "equal"}
QCODES |= {";": "semicolon", "'": "apostrophe", ",": "comma", ".": "dot", "/": "slash"}
QCODES |= {"[": "bracket_left", "]": "bracket_right", "\\": "backslash"}
SHIFTED = {":": ";", "<": ",", ">": ".", "?": "/", "{": "[", "}": "]", '"': "'", "_": "-"}
SHIFTED |= dict(zip("!@#$%^&*()", "1234567890"))
TEXT_MEMORY = 0xB8000
TEXT_MEMORY_SIZE = 0x8000
COLUMNS, ROWS = 80, 25


def screen_rows(guest: Boot) -> list[str]:
    """What the VGA card shows in text mode: 25 rows.

    The kernel scrolls by moving the start address (CRTC registers 0x0c, 0x0d),
    counted in characters.  The guest stands still while it is read.
    """
    dump = guest.log.with_suffix(".screen")
    guest.qmp("stop")
    start = 0
    for register in (0x0C, 0x0D):
        guest.monitor_command(f"o /b 0x3d4 {register}")
        start = start << 8 | int(guest.monitor_command("i /b 0x3d5").split()[-1], 16)
    guest.monitor_command(f'pmemsave {TEXT_MEMORY} {TEXT_MEMORY_SIZE} "{dump}"')
    guest.qmp("cont")
    cells = dump.read_bytes()[::2]
    text = cells[start : start + COLUMNS * ROWS].decode("cp437")
    return [text[i : i + COLUMNS].rstrip("\0 ") for i in range(0, len(text), COLUMNS)]


def wait_for_row(guest: Boot, wanted: str) -> list[str]:
    """Waits until a row of the screen matches."""
    return wait_for_screen(
        guest,
        lambda rows: any(re.search(wanted, row) for row in rows),
        f"the screen does not show {wanted!r}, but:",
    )


def wait_for_screen(guest: Boot, right: Callable[[list[str]], bool], wrong: str) -> list[str]:
    """Waits until the rows of the screen are as they should be."""
    rows: list[str] = []

    def look() -> bool:
        nonlocal rows
        rows = screen_rows(guest)
        return right(rows)

    wait_until(look, lambda: Failed("\n".join([wrong, *rows]).strip("\n")))
    return rows


STATUS_PORT = 0x64  # of the keyboard's controller
OUTPUT_FULL = 1  # a byte waits there to be read


def keyboard_is_read(guest: Boot) -> bool:
    """Has the kernel taken all that the keyboard sent?"""
    status = guest.monitor_command(f"i /b {STATUS_PORT:#x}").split()[-1]
    return not int(status, 16) & OUTPUT_FULL


def press(guest: Boot, keys: str) -> None:
    """Types on the keyboard of the guest, each key when the one before was taken.

    The controller holds 16 bytes, and the kernel's ring of events 256.  So the machine
    should count instructions: its CPUs then take turns, and whoever reads the ring keeps
    up with the interrupt handler that fills it, however busy the host is.
    """
    for key in keys:
        plain = SHIFTED.get(key, key.lower())
        names = ["shift"] * (plain != key) + [QCODES.get(plain, plain)]
        moves = [(name, True) for name in names] + [(name, False) for name in reversed(names)]
        events = [
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}}
            for name, down in moves
        ]
        guest.qmp("input-send-event", events=events)
        wait_until(
            lambda: keyboard_is_read(guest), lambda: guest.fail(f"the key {key!r} is not taken")
        )


@check("console/screen", 5)
def screen_session(context: Context) -> None:
    """The same prompt on the screen, typed at with the keyboard."""
    machine = context.machine(cpus=2)
    with context.boot(machine, typing=True, qmp=True) as guest:
        wait_for_row(guest, "signalbox>")
        press(guest, "help\n")
        wait_for_row(guest, "poweroff")
        press(guest, "Word-by.key\n")
        wait_for_row(guest, "Word-by.key: unknown command")
        guest.wait_for("Word-by.key: unknown command")
        press(guest, "test lib\n")  # scrolls the screen, and more than once
        rows = wait_for_row(guest, " failed, of ")
        expect(sum(map(bool, rows)) > 5, "the screen is nearly empty", "rows", rows)
        try:
            press(guest, "poweroff\n")
        except (BootError, BrokenPipeError, ConnectionResetError):
            pass  # QEMU ended before it had answered
        context.expect_end(guest, guest.wait_exit(), USER)
