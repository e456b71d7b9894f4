"""When a program cannot do what it was asked: one class for all of them."""

from __future__ import annotations

import errno


class Trouble(Exception):
    """It cannot be done, for this reason: readable, and enough without a traceback.

    The grader then ends with status 2: no mark, and never the student's fault.
    """


def trouble_from(error: OSError) -> Trouble:
    """The same, from what the operating system says."""
    name = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return Trouble(f"{name}the disk is full")
    if error.errno == errno.EFBIG:
        return Trouble(f"{name}files may not grow more: see `ulimit -f`")
    return Trouble(f"{name}{error.strerror or error}")
