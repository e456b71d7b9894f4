"""Packs the archive that becomes the root file system.

    python3 -m tools.machine.mkroot OUT.cpio PROGRAMS LIST...

The lists say what goes where, a line each:

    bin/sh      program sh          the file sh in the folder PROGRAMS
    etc/passwd  file user/etc/passwd
    tmp         directory 1777
    bin/[       link test           a symbolic link

A file can be executed by all when it can be here.  All belongs to root.  Directories
on the way are made.  Of two lines for one name the later one counts.  The archive has
cpio's format "newc" (see kernel/file/cpio.c) and depends on nothing else, not even the
time: so the same files make the same archive, and the same boot.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

HEADER_FIELDS = 13
PADDING = 4


class Archive:
    """What the archive holds so far, by path."""

    def __init__(self) -> None:
        self.members: dict[str, tuple[int, bytes]] = {}  # mode, contents

    def add(self, path: str, mode: int, contents: bytes = b"") -> None:
        """Adds a member, after the directories that lead to it."""
        parent = os.path.dirname(path)
        if parent and parent not in self.members:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.members[path] = (mode, contents)

    def add_file(self, path: str, source: Path) -> None:
        """Adds a file with the contents, and the right to execute, of another."""
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.add(path, stat.S_IFREG | mode, source.read_bytes())

    def add_line(self, line: str, programs: Path) -> None:
        """Adds what a line of a list says."""
        path, kind, value = line.split()
        if kind == "program":
            self.add_file(path, programs / value)
        elif kind == "file":
            self.add_file(path, Path(value))
        elif kind == "directory":
            self.add(path, stat.S_IFDIR | int(value, 8))
        elif kind == "link":
            self.add(path, stat.S_IFLNK | 0o777, value.encode())
        else:
            raise ValueError(f'"{kind}" is unknown')

    def pack(self) -> bytes:
        """The whole archive, with the entry that ends it."""
        packed = b""
        for number, (path, (mode, contents)) in enumerate(self.members.items(), 1):
            packed += member(path, number, mode, contents)
        return packed + member("TRAILER!!!", 0, 0, b"")


def padded(data: bytes) -> bytes:
    """Filled up with zeros to what the format wants."""
    return data + bytes(-len(data) % PADDING)


def member(path: str, number: int, mode: int, contents: bytes) -> bytes:
    """One entry: header, name, contents."""
    name = path.encode() + b"\0"
    fields = [0] * HEADER_FIELDS
    fields[0], fields[1] = number, mode  # inode number, mode; the owner is 0
    fields[4], fields[6] = 1, len(contents)  # links, size
    fields[11] = len(name)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + name) + padded(contents)


def main() -> int:
    """Reads the list and writes the archive."""
    out, programs, *lists = sys.argv[1:]
    archive = Archive()
    for line in "".join(Path(name).read_text(encoding="utf-8") for name in lists).splitlines():
        if line.split("#")[0].strip():
            try:
                archive.add_line(line.split("#")[0], Path(programs))
            except (OSError, ValueError) as wrong:
                print(f"mkroot: {line.strip()}: {wrong}", file=sys.stderr)
                return 1
    Path(out).write_bytes(archive.pack())
    return 0


if __name__ == "__main__":
    sys.exit(main())
