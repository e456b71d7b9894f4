"""Types keys at random, in bursts: each must come, once, in order, with its character."""

from __future__ import annotations

from grader.peer import Guest

from .us_keyboard import (
    CHARACTERS,
    KEYS,
    MODIFIERS,
    OTHERS,
    WITH_CHARACTER,
    Change,
    Keyboard,
    finish,
    press,
)

BURSTS = 30
NAMES = sorted(CHARACTERS) * 3 + sorted(set(OTHERS) - {"esc"}) + sorted(MODIFIERS) * 3


def burst(guest: Guest, keyboard: Keyboard) -> list[Change]:
    """Some changes, of 16 bytes at most, none of which is a repetition."""
    down, changes, room = set(keyboard.down), [], guest.random.randint(1, 16)
    while room >= 2:
        if down and guest.random.random() < 0.5:
            name, press_it = guest.random.choice(sorted(down)), False
            down.remove(name)
        else:
            name, press_it = guest.random.choice(NAMES), True
            if name in down:
                continue
            down.add(name)
        changes.append((name, press_it))
        room -= len(KEYS[name].scancodes(press_it))
    return changes or [("q", "q" not in down)]


def run(guest: Guest) -> None:
    guest.expect("ready")
    keyboard = Keyboard(WITH_CHARACTER)
    for _ in range(BURSTS):
        press(guest, keyboard, burst(guest, keyboard))
    finish(guest, keyboard)
