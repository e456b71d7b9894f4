"""Waiting: for an event, and never for a time.

A busy machine may take ten or a hundred times as long for everything.  So nothing
in the tools, checks and tests waits for a number of seconds, and no verdict comes of
one: whoever waits, looks again and again until what was waited for is there.

What hangs for ever must end at some time, though.  LAST_RESORT is for that, and is
the only limit in seconds.  `tools/check source/waits` finds others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

# s.  The longest wait of all checks, for a kernel that runs all its tests, is for a
# minute when the machine has nothing else to do.
LAST_RESORT = 3600.0
POLL = 0.005  # s, between two looks

Seen = TypeVar("Seen")


def pause() -> None:
    """Between two looks: lets others run."""
    time.sleep(POLL)


def wait_until(look: Callable[[], Seen], give_up: Callable[[], Exception]) -> Seen:
    """Waits until look() returns something true, and returns that.

    look() raises when what is waited for cannot come any more.
    """
    deadline = time.monotonic() + LAST_RESORT
    seen = look()
    while not seen:
        if time.monotonic() > deadline:
            raise give_up()
        pause()
        seen = look()
    return seen
