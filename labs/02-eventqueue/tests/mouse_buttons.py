"""Presses and releases buttons, now and then while moving."""

from __future__ import annotations

from grader.peer import BUTTONS, Guest

from .mouse import BITS, click_all, expect_button, expect_moved

CLICKS = 40


def run(guest: Guest) -> None:
    guest.expect("ready")
    held = 0
    for _ in range(CLICKS):
        name = guest.random.choice(BUTTONS)
        if held | BITS[name] == 7:
            continue  # that would be the end
        held ^= BITS[name]
        right = guest.random.choice((0, 0, 1, -50))
        guest.mouse(right, 0, **{"press" if held & BITS[name] else "release": name})
        if right:
            expect_moved(guest, right, 0, held)
        expect_button(guest, name, held)
    for name in BUTTONS:
        if held & BITS[name]:
            held ^= BITS[name]
            guest.mouse(release=name)
            expect_button(guest, name, held)
    click_all(guest)
