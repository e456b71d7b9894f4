"""Types the keys behind the prefixes: 0xe0, and Pause with 0xe1; and Print Screen."""

from __future__ import annotations

from grader.peer import Guest

from .us_keyboard import EXTENDED, Keyboard, expect_lines, finish, press

PAUSE, PRINT_SCREEN = 119, 99


def pause(guest: Guest, modifiers: int) -> None:
    """It goes down and up at once, whatever the finger does."""
    guest.keys([("pause", True)])
    lines = [f"down {PAUSE} 0 {modifiers}", f"up {PAUSE} 0 {modifiers}"]
    expect_lines(guest, lines, "pressed Pause (bytes e1 1d 45 e1 9d c5)")
    guest.keys([("pause", False)])  # sends nothing


def print_screen(guest: Guest) -> None:
    """It comes with shifts that nobody has pressed."""
    guest.keys([("print", True)])
    expect_lines(guest, [f"down {PRINT_SCREEN} 0 0"], "pressed Print (bytes e0 2a e0 37)")
    guest.keys([("print", False)])
    expect_lines(guest, [f"up {PRINT_SCREEN} 0 0"], "released Print (bytes e0 b7 e0 aa)")


def run(guest: Guest) -> None:
    guest.expect("ready")
    keyboard = Keyboard()
    for name in guest.random.sample(EXTENDED, len(EXTENDED)):
        press(guest, keyboard, [(name, True), ("kp_5", True), (name, False), ("kp_5", False)])
        if guest.random.random() < 0.3:
            pause(guest, 0)
        if guest.random.random() < 0.3:
            print_screen(guest)
    for name in ("shift", "caps_lock"):
        press(guest, keyboard, [(name, True)])
        pause(guest, keyboard.modifiers)
    press(guest, keyboard, [("a", True), ("a", False)])
    finish(guest, keyboard)
