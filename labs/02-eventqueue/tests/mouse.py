"""What a correct kernel makes of the mouse: shared by the outside halves of this folder."""

from __future__ import annotations

from grader.peer import BUTTONS, Guest, Silence, Wrong

BITS = {"left": 1, "right": 2, "middle": 4}


def expect_moved(guest: Guest, right: int, down: int, buttons: int = 0) -> None:
    """Lines "move RIGHT DOWN BUTTONS" that add up to this."""
    goal = f"moved the mouse by {right} to the right and {down} down"
    x = y = 0
    while (x, y) != (right, down):
        try:
            line = guest.line()
        except Silence as silence:
            raise Silence(f"{goal}: the events add up to {x} and {y}, and {silence}") from None
        words = line.split()
        if words[0] != "move" or words[3] != str(buttons):
            raise Wrong(f'{goal}: expected "move ... ... {buttons}", got "{line}"')
        step = int(words[1]), int(words[2])
        x, y = x + step[0], y + step[1]
        beyond = abs(x) > abs(right) or abs(y) > abs(down)
        if beyond or step[0] * right < 0 or step[1] * down < 0:
            raise Wrong(f'{goal}: got "{line}" (right, down, buttons)')


def expect_button(guest: Guest, name: str, held: int) -> None:
    """The line "button NUMBER PRESSED BUTTONS"."""
    pressed = bool(held & BITS[name])
    done = f"{'pressed' if pressed else 'released'} the {name} button"
    wanted = f"button {BUTTONS.index(name)} {int(pressed)} {held}"
    try:
        got = guest.line()
    except Silence as silence:
        raise Silence(f'{done}: expected "{wanted}", and {silence}') from None
    if got != wanted:
        raise Wrong(f'{done}: expected "{wanted}" (which, pressed, mask), got "{got}"')


def click_all(guest: Guest) -> None:
    """Holds all three, and lets them go: which ends the program."""
    held = 0
    for name in (*BUTTONS, *BUTTONS):
        held ^= BITS[name]
        guest.mouse(**{"press" if held & BITS[name] else "release": name})
        expect_button(guest, name, held)
