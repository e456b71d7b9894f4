"""Types some keys, for each of which the program asks at four bad addresses first."""

from __future__ import annotations

from grader.peer import Guest

from .us_keyboard import CHARACTERS, Keyboard, expect_lines

ADDRESSES = ("NULL", "closed page", "half in a closed page", "kernel memory")


def run(guest: Guest) -> None:
    guest.expect("ready")
    keyboard = Keyboard()
    for name in (guest.random.choice(sorted(CHARACTERS)), "esc"):
        for down in (True, False):
            guest.keys([(name, down)])
            lines = [f"{address}: Bad address" for address in ADDRESSES]
            lines.append(keyboard.change(name, down))
            expect_lines(guest, lines, f"a bad pointer, then {'+' if down else '-'}{name}")
