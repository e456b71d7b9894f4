"""Takes in what somebody has handed in: a copy of the lab's files, and nothing else.

A folder that comes from elsewhere may have anything in it: links, pipes, files of a
gigabyte, headers that hide those of the kernel.  So make never looks there.  Each of
the lab's files is opened once, without following a link or waiting for a pipe, and
must be a regular file that has no other name; its bytes go to build/<stage>/handed-in/,
and are what is built.  A copy is only written when the contents are others, so that
make builds anew what they decide, and no time that a file came with does.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from grader.implementation import Failure, Implementation

LARGEST = 2**20  # bytes of a file that is handed in

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def wrong_kind(name: str, status: os.stat_result) -> Failure | None:
    """Why these cannot be a lab's file."""
    if stat.S_ISLNK(status.st_mode):
        return Failure(f"{name} is a symbolic link: hand in the file itself")
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        return Failure(f"{name} is not a file but {kind}")
    if status.st_size > LARGEST:
        size = status.st_size / 2**20
        return Failure(f"{name} has {size:.0f} MiB: it is a C file of some hundred lines")
    return None


def read_file(path: Path) -> bytes | Failure | None:
    """What is in it; why it is refused; or None: it was not handed in."""
    try:
        failure = wrong_kind(path.name, path.lstat())
        if failure:
            return failure
        # By now it may be another: what is opened is looked at again.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Failure(f"{path.name} cannot be read: {error.strerror}")
    with open(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if status.st_nlink > 1:
            return Failure(
                f"{path.name} is a hard link, another name of a file elsewhere: hand in a copy"
            )
        return wrong_kind(path.name, status) or file.read(LARGEST + 1)


def keep(copy: Path, data: bytes) -> None:
    """Writes the copy, unless it says the same."""
    if not copy.exists() or copy.read_bytes() != data:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)


def take_in(implementation: Implementation) -> Failure | None:
    """Copies the files of a folder from elsewhere; looks at those in labs/."""
    for name in implementation.lab.files:
        if not implementation.files:
            path = implementation.source / name
            failure = wrong_kind(name, path.lstat()) if os.path.lexists(path) else None
            if failure:
                return failure
            continue
        copy = implementation.handed_in / name
        data = read_file(implementation.files / name)
        if isinstance(data, Failure):
            return data
        if data is None:
            copy.unlink(missing_ok=True)
        else:
            keep(copy, data)
    return None
