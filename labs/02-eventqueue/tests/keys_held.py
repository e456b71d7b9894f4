"""Holds keys down: they repeat, modifiers too, and each of a pair counts.

The one test with a finger that looks at the flags.
"""

from __future__ import annotations

from grader.peer import Guest

from .us_keyboard import CHARACTERS, MODIFIERS, WITH_FLAGS, Keyboard, finish, press

ROUNDS = 12


def run(guest: Guest) -> None:
    guest.expect("ready")
    keyboard = Keyboard(WITH_FLAGS)
    for _ in range(ROUNDS):
        held = guest.random.sample(sorted(MODIFIERS), 2)
        letters = guest.random.sample(sorted(CHARACTERS), 2)
        press(guest, keyboard, [(name, True) for name in held])
        for name in (*held, *letters):
            again = guest.random.randint(1, 6)
            press(guest, keyboard, [(name, True)] * again)
        leaving = guest.random.sample([*held, *letters], 3)
        for name in leaving:
            press(guest, keyboard, [(name, False)])
    press(guest, keyboard, [("shift", True), ("shift_r", True), ("shift", False)])
    press(guest, keyboard, [("x", True), ("x", False), ("shift_r", False), ("x", True)])
    finish(guest, keyboard)
