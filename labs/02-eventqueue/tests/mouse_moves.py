"""Moves the mouse: what the program sees must add up to what was moved."""

from __future__ import annotations

from grader.peer import Guest

from .mouse import click_all, expect_moved

MOVES = 40


def run(guest: Guest) -> None:
    guest.expect("ready")
    for number in range(MOVES):
        reach = (3, 100, 380)[number % 3]  # beyond 127, QEMU's mouse sends several packets
        right, down = (guest.random.randint(-reach, reach) for _ in range(2))
        if guest.random.random() < 0.3:
            right, down = guest.random.choice([(right, 0), (0, down)])
        if right or down:
            guest.mouse(right, down)
            expect_moved(guest, right, down)
    click_all(guest, with_held=False)
