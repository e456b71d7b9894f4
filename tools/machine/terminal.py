"""This terminal as the guest's console.

bridge() passes on what is typed, key by key and Ctrl-C too, and prints what
comes back, until the other side ends or Ctrl-A X is typed: the keys that leave
QEMU's console as well.  The terminal is as before afterwards, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from typing import BinaryIO

from tools.machine.waiting import POLL

PREFIX = b"\x01"  # Ctrl-A


@contextlib.contextmanager
def terminal_kept() -> Iterator[None]:
    """Puts the terminal's settings back at the end."""
    if not sys.stdin.isatty():
        yield
        return
    settings = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)


def bridge(guest: int, log: BinaryIO | None = None) -> None:
    """Between this terminal and a guest.

    With a log, what is shown is the log, from its beginning: what the guest prints while
    we are being connected is in there, and nowhere else.
    """
    keys = sys.stdin.fileno()
    watched = [guest, keys]
    prefixed = False
    with terminal_kept():
        if sys.stdin.isatty():
            tty.setraw(keys, termios.TCSADRAIN)  # and keep what was typed ahead
        while guest in watched:
            for fd in select.select(watched, [], [], POLL if log else None)[0]:
                data = read_some(fd)
                if not data:
                    watched.remove(fd)
                elif fd == guest and not log:
                    write_all(sys.stdout.fileno(), data)
                elif fd == keys:
                    data, prefixed, leave = filter_keys(data, prefixed)
                    if leave:
                        return
                    write_all(guest, data)
            if log:
                write_all(sys.stdout.fileno(), log.read())


def filter_keys(data: bytes, prefixed: bool) -> tuple[bytes, bool, bool]:
    """Takes Ctrl-A out: the keys that remain, was the last one it, leave?

    Ctrl-A twice is one Ctrl-A for the guest.
    """
    keys = bytearray()
    for value in data:
        key = bytes([value])
        if prefixed:
            prefixed = False
            if key in b"xX":
                return bytes(keys), False, True
            if key != PREFIX:
                keys += PREFIX
            keys += key
        elif key == PREFIX:
            prefixed = True
        else:
            keys += key
    return bytes(keys), prefixed, False


def read_some(fd: int) -> bytes:
    """What there is; nothing at the end, or when the other side has vanished."""
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""


def write_all(fd: int, data: bytes) -> None:
    """All of it, though a write may take less."""
    while data:
        data = data[os.write(fd, data) :]
