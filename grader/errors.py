"""When the grader itself cannot work: never the student's fault."""

from __future__ import annotations

import errno


class Trouble(Exception):
    """No mark can be given, for this reason: one readable line, exit status 2."""


def trouble_from(error: OSError) -> Trouble:
    """The same, from what the operating system says."""
    if error.errno == errno.ENOSPC:
        return Trouble(f"the disk is full (while writing {error.filename or 'a file'})")
    if error.errno == errno.EFBIG:
        return Trouble(f"{error.filename or 'a file'} may not grow more: see `ulimit -f`")
    return Trouble(f"{error.filename or 'the system'}: {error.strerror or error}")
