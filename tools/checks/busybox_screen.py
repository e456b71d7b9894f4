"""The same busybox by the keyboard and on the screen, as a person has it.

Keys go in through QEMU's monitor, and what the VGA card shows comes out of its memory:
the rows are compared with what the same commands print on Linux.  Pictures of what
was seen are left in build/check/, to be looked at.
"""

from __future__ import annotations

import re

from tools.machine.boot import Boot

from .busybox import ESCAPE, SCRIPTS, VI_END, VI_STEPS, Host, busybox_is_there, power_off, shell
from .console import COLUMNS, press, screen_rows, wait_for_row, wait_for_screen
from .framework import LOGS, Context, check, expect

PROMPT = r"^/check #$"

# Short ones, with short outputs.
COMMANDS = (
    "ls -1",
    "cat one.sh",
    "grep -n mkdir *.sh",
    "sort -r one.sh",
    "wc *.sh",
    "find . -name 'h*'",
    "tar cf t one.sh; tar tf t",
    "dd if=one.sh bs=9 count=2 2>e; echo",
    "sha256sum *.sh",
    "awk 'NR%2{print NR,$1}' one.sh",
    "sed -n 's/echo/ECHO/p' one.sh",
    "sh one.sh hundred >o; tail -n 3 o; sha256sum o",
)


def picture(context: Context, guest: Boot, name: str) -> None:
    """Leaves one of the screen."""
    path = LOGS / f"{context.name.replace('/', '-')}-{name}.png"
    guest.qmp("screendump", filename=str(path), format="png")


def wait_for_rows(guest: Boot, at_least: int) -> list[str]:
    """Waits for a prompt with so many rows above it, and none below: those without the first."""

    def right(rows: list[str]) -> bool:
        rows = used(rows)
        alone = bool(at_least) or len(rows) == 1
        return len(rows) > at_least and bool(re.search(PROMPT, rows[-1])) and alone

    return used(wait_for_screen(guest, right, "there is no prompt below:"))[1:-1]


def used(rows: list[str]) -> list[str]:
    """Without the empty ones at the end."""
    return "\n".join(rows).rstrip("\n").split("\n")


def wrapped(text: str) -> list[str]:
    """As the screen shows it: a long line goes on in the next row."""
    rows = []
    for line in text.splitlines():
        pieces = [line[i : i + COLUMNS] for i in range(0, len(line), COLUMNS)]
        rows += [piece.rstrip() for piece in pieces or [""]]
    return rows


@check("busybox/keyboard", 15)
def keyboard(context: Context) -> None:
    """Commands that are typed on the keyboard; the screen shows what Linux prints."""
    if not busybox_is_there(context, linux=True):
        return
    host = Host(LOGS / context.name / "host")
    with shell(context, icount=True, typing=True, qmp=True) as guest:
        wait_for_row(guest, "^~ #$")
        press(guest, "cd /check\n")
        wait_for_row(guest, PROMPT)
        for command in COMMANDS:
            press(guest, "clear\n")
            wait_for_rows(guest, 0)
            press(guest, f"{command}\n")
            shown = "\n".join(wait_for_rows(guest, 1))
            linux = "\n".join(wrapped(host.command(command)))
            expect(shown == linux, f"{command}: the screen differs from Linux", linux, shown)
        picture(context, guest, "sums")
        power_off(context, guest)
    context.note(f"{len(COMMANDS)} commands by the keyboard show on the screen what Linux prints")


def press_steps(guest: Boot) -> None:
    """What vi gets in busybox.py, from the keyboard.  An escape goes alone: with keys right
    behind it vi takes them all for one key of a terminal."""
    for keys, shown in VI_STEPS:
        press(guest, keys.rstrip(ESCAPE))
        if keys.endswith(ESCAPE):
            wait_for_row(guest, "^I note")
            press(guest, ESCAPE)
        wait_for_row(guest, shown.split("]*")[-1])


# What scripts/screen.sh shows, from the third row on (VT102 User Guide, chapter 5).
SHOWN = """\
    aXbc
145
12
   45
1   5
two
three
four

a cb
                                                                             wxy
z
\u2500\u2502

first
second
hereagain
there
Never   T.
Xabc
                                                                              xz
"""


@check("busybox/sequences", 3)
def sequences(context: Context) -> None:
    """Escape sequences: insert, delete, erase, scroll a region, draw lines, wrap."""
    if not busybox_is_there(context):
        return
    with shell(context, icount=True, typing=True, qmp=True) as guest:
        wait_for_row(guest, "^~ #$")
        press(guest, "sh /check/screen.sh\n")
        wait_for_row(guest, "xz$")
        rows = wait_for_row(guest, "^~ #$")
        shown = "\n".join(rows[2:23]) + "\n"
        expect(shown == SHOWN, "the screen shows something else", f"\n{SHOWN}", f"\n{shown}")
        power_off(context, guest)


@check("busybox/screen", 12)
def screen(context: Context) -> None:
    """vi and top on the screen."""
    if not busybox_is_there(context, linux=True):
        return
    written = Host(LOGS / context.name / "host").vi("note").splitlines()
    with shell(context, icount=True, typing=True, qmp=True) as guest:
        wait_for_row(guest, "^~ #$")
        press(guest, "vi note\n")
        press_steps(guest)
        picture(context, guest, "vi")
        rows = screen_rows(guest)[: len(written) + 1]
        expect(rows == [*written, "~"], "vi shows another text than on Linux", written, rows)
        press(guest, VI_END)
        wait_for_row(guest, "^~ #$")
        press(guest, "clear; cat note\n")
        rows = wait_for_row(guest, f"^{re.escape(written[-1])}$")
        expect(rows[: len(written)] == written, "vi wrote another file", written, rows)
        press(guest, "top -d 1\n")
        wait_for_row(guest, r"^CPU: .* (99|100)% idle")
        rows = wait_for_row(guest, r"^ *\d+ +\d+ root +R .* top -d 1$")
        expect(rows[3].split()[:3] == ["PID", "PPID", "USER"], "top's third row", "PID", rows[3])
        picture(context, guest, "top")
        press(guest, "q")
        wait_for_row(guest, "^~ #$")
        power_off(context, guest)
    context.note("pictures of vi and top are in build/check/busybox-screen-*.png")
