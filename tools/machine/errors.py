"""When the grader itself cannot work: never the student's fault."""

from __future__ import annotations

import errno


class Trouble(Exception):
    """No mark can be given, for this reason: one readable line, exit status 2."""


def trouble_from(error: OSError) -> Trouble:
    """The same, from what the operating system says."""
    name = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return Trouble(f"{name}the disk is full")
    if error.errno == errno.EFBIG:
        return Trouble(f"{name}files may not grow more: see `ulimit -f`")
    return Trouble(f"{name}{error.strerror or error}")
