"""The prompt, over the serial line and over screen and keyboard; and the NMI."""

from __future__ import annotations

import re
import socket
import time

from tools.machine.boot import Boot, BootError, End, kill, start
from tools.machine.machine import TESTS_PASSED, USER

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


@check("console/slow-reader", 3)
def slow_reader(context: Context) -> None:
    """Whoever reads the serial line may be busy for a while: nothing is lost."""
    ours, theirs = socket.socketpair()
    machine = context.machine(icount=False, append="test=lib")
    device = f"socket,id=com1,fd={theirs.fileno()}"
    command = machine.qemu_command(["-chardev", device, "-serial", "chardev:com1"])
    process = start(command, context.log(), [theirs.fileno()])
    theirs.close()
    time.sleep(2)  # far more than it takes until some 280 bytes wait to be read
    with ours.makefile("rb") as serial:
        text = serial.read().decode("utf-8", "replace").replace("\r\n", "\n")
    end = End(process.wait())
    kill(process)
    expect(end.status == TESTS_PASSED, "how it ended", End(TESTS_PASSED).words, end.words)
    context.ktap(text, context.log())


def nmi_reports(context: Context, cpus: int) -> None:
    """An NMI prints where every CPU and thread is, twice, and all goes on."""
    with context.boot(context.machine(cpus=cpus, icount=False), typing=True, qmp=True) as guest:
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
            time.sleep(0.3)  # the next NMI comes later than the echo of this one
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
    deadline = time.monotonic() + 20
    while True:
        rows = screen_rows(guest)
        if any(re.search(wanted, row) for row in rows):
            return rows
        if time.monotonic() > deadline:
            shown = "\n".join(rows).strip("\n")
            raise Failed(f"the screen does not show {wanted!r}, but:\n{shown}")
        time.sleep(0.05)


def press(guest: Boot, keys: str) -> None:
    """Types on the keyboard of the guest."""
    for key in keys:
        plain = SHIFTED.get(key, key.lower())
        codes = [{"type": "qcode", "data": QCODES.get(plain, plain)}]
        if plain != key:
            codes.insert(0, {"type": "qcode", "data": "shift"})
        guest.qmp("send-key", keys=codes, **{"hold-time": 5})
        time.sleep(0.03)


@check("console/screen", 5)
def screen_session(context: Context) -> None:
    """The same prompt on the screen, typed at with the keyboard."""
    machine = context.machine(cpus=2, icount=False)
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
