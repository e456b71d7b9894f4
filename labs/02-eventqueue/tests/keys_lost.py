"""Types more at once than a keyboard can hold: what is lost must not confuse the rest.

QEMU's keyboard keeps 16 bytes that nobody has taken, and drops what comes on top.
How many do get through is its own affair; but they must be the first ones, and
what comes later must be understood as if the others had never been typed.
"""

from __future__ import annotations

from grader.peer import Guest, Wrong

from .us_keyboard import (
    CHARACTERS,
    KEYS,
    MODIFIERS,
    OTHERS,
    Keyboard,
    expect_lines,
    finish,
    press,
    seen,
    words,
)

ROUNDS = 6
AT_LEAST = 6  # changes that get through, of two bytes at most


def overflow(guest: Guest, keyboard: Keyboard) -> None:
    """Too much; then a key that is not part of it tells where that ends."""
    names = sorted(set(CHARACTERS) - {"z"}) + sorted(MODIFIERS) + sorted(set(OTHERS) - {"esc"})
    chosen = guest.random.sample(sorted(set(names) - keyboard.down), 14)
    changes = [(name, down) for name in chosen for down in (True, False)]
    guest.keys(changes)
    done = f"typed, all at once, {words(changes)}"
    expect_lines(guest, [keyboard.change(*change) for change in changes[:AT_LEAST]], done)
    rest = changes[AT_LEAST:]
    guest.keys([("z", True)])
    while True:
        line = guest.line()
        if line.split()[:2] == ["down", str(KEYS["z"].number)]:
            keyboard.change("z", True)
            break
        if not rest:
            raise Wrong(f'{done}: after all of it came "{seen(line, ())}"')
        wanted, got = seen(keyboard.change(*rest.pop(0)), ()), seen(line, ())
        if got != wanted:
            raise Wrong(f'{done}, of which the last are lost: expected "{wanted}", got "{got}"')
    press(guest, keyboard, [("z", False)])


def run(guest: Guest) -> None:
    guest.expect("ready")
    keyboard = Keyboard()
    for _ in range(ROUNDS):
        overflow(guest, keyboard)
        press(guest, keyboard, [("a", True), ("a", False)])
    finish(guest, keyboard)
