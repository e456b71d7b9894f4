"""What a correct kernel makes of the mouse: shared by the outside halves of this folder."""

from __future__ import annotations

from grader.peer import BUTTONS, Guest, Silence, Wrong

BITS = {"left": 1, "right": 2, "middle": 4}


NAMES = {1: "BUTTON_LEFT", 2: "BUTTON_RIGHT", 4: "BUTTON_MIDDLE"}


def mask(held: int) -> str:
    """The buttons of a mask, by name."""
    names = [name for bit, name in NAMES.items() if held & bit]
    unknown = held & ~sum(NAMES)
    return "|".join(names + [hex(unknown)] * bool(unknown)) or "none"


def seen(line: str, with_held: bool) -> str:
    """What a test looks at in a line of the program, in words."""
    kind, *rest = line.split()
    if kind not in ("move", "button") or len(rest) != 3:
        return line
    first, second, held = map(int, rest)
    text = f"move {first} right, {second} down"
    if kind == "button":
        text = f"button {first} pressed {second}"
    return text + (f", held {mask(held)}" if with_held else "")


def expect_moved(guest: Guest, right: int, down: int, held: int | None = None) -> None:
    """Lines "move RIGHT DOWN BUTTONS" that add up to this; with these buttons, if given."""
    goal = f"moved the mouse by {right} to the right and {down} down"
    x = y = 0
    while (x, y) != (right, down):
        try:
            line = guest.line()
        except Silence as silence:
            raise Silence(f"{goal}: the events add up to {x} and {y}, and {silence}") from None
        got = seen(line, held is not None)
        words = line.split()
        if words[0] != "move" or held not in (None, int(words[3])):
            wanted = "a move" if held is None else f"a move, held {mask(held)}"
            raise Wrong(f'{goal}: expected {wanted}, got "{got}"')
        step = int(words[1]), int(words[2])
        x, y = x + step[0], y + step[1]
        beyond = abs(x) > abs(right) or abs(y) > abs(down)
        if beyond or step[0] * right < 0 or step[1] * down < 0:
            raise Wrong(f'{goal}: got "{got}"')


def expect_button(guest: Guest, name: str, held: int, with_held: bool = True) -> None:
    """The line "button NUMBER PRESSED BUTTONS"."""
    pressed = bool(held & BITS[name])
    done = f"{'pressed' if pressed else 'released'} the {name} button"
    wanted = seen(f"button {BUTTONS.index(name)} {int(pressed)} {held}", with_held)
    try:
        got = seen(guest.line(), with_held)
    except Silence as silence:
        raise Silence(f'{done}: expected "{wanted}", and {silence}') from None
    if got != wanted:
        raise Wrong(f'{done}: expected "{wanted}", got "{got}"')


def click_all(guest: Guest, with_held: bool = True) -> None:
    """Holds all three, and lets them go: which ends the program."""
    held = 0
    for name in (*BUTTONS, *BUTTONS):
        held ^= BITS[name]
        guest.mouse(**{"press" if held & BITS[name] else "release": name})
        expect_button(guest, name, held, with_held)
