"""Contents decide what is built anew, and not times: `make` runs this first.

make compares times.  But a file that was unpacked, copied with its time or checked
out may be older than what was made of the file before it, and a clock may once
have been wrong.  So the contents of all sources are kept as sums in
build/contents.json; where a source is not what it was, what was made of it is
removed, and make makes it again.

    python3 -m tools.machine.contents BUILD OUT [FOLDER]

OUT is the stage's folder, and FOLDER one with a lab's files from elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SOURCES = ("kernel", "labs", "solutions", "user", "bench", "mk")
KEPT = "contents.json"

Sums = dict[str, list[object]]  # of a path: what stat says of it, and its sum


def sources(folder: str) -> Iterator[str]:
    """Every file below the source folders, and in the given one."""
    for top in SOURCES:
        for place, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (f"{place}/{name}" for name in names)
    if folder and os.path.isdir(folder):
        yield from (entry.path for entry in os.scandir(folder) if entry.name.endswith((".c", ".h")))


def look(path: str, before: list[object] | None) -> list[object] | None:
    """What a path is now; read only if it may have changed.  None: it is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if not os.path.isfile(path):
        return None
    facts: list[object] = [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]
    if before and before[:-1] == facts:
        return before
    with open(path, "rb") as file:
        return [*facts, hashlib.sha256(file.read()).hexdigest()]


def made_of(rule: Path, changed: set[str]) -> bool:
    """Does a rule, as the compiler writes it, name one of these files?"""
    text = rule.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    return not changed.isdisjoint(word.rstrip(":") for word in text.split())


def remove_made(folder: Path, changed: set[str]) -> None:
    """Removes what was made of these files."""
    for rule in folder.rglob("*.d"):
        try:
            if made_of(rule, changed):
                rule.with_suffix("").unlink(missing_ok=True)
        except OSError:
            continue  # another make removes it


def touch(paths: set[str], since: float) -> None:
    """For what has no rule of the compiler's, as lists: what looks older than it is."""
    for path in paths:
        try:
            if os.stat(path).st_mtime <= since:
                os.utime(path)
        except OSError:
            continue  # not ours to change


def remove_from_the_future(build: Path) -> None:
    """The clock was ahead once, and is not any more."""
    limit = time.time() + 1
    for path in build.rglob("*"):
        if path.is_file() and path.stat().st_mtime > limit:
            path.unlink(missing_ok=True)


def update(build: Path, out: Path, folder: str) -> None:
    """Compares with the last time, and removes what is of other contents."""
    kept = build / KEPT
    try:
        last = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = {"time": 0.0, "sums": {}}
    sums: Sums = last["sums"]
    if time.time() < last["time"] - 1:
        remove_from_the_future(build)
    changed = set()
    for path in sources(folder):
        now, before = look(path, sums.get(path)), sums.get(path)
        if now is None or now == before:
            continue
        if before is None or now[-1] != before[-1]:
            changed.add(path)
        sums[path] = now
    given = {path for path in changed if not folder or not path.startswith(f"{folder}/")}
    if given:
        remove_made(build, given)
        touch(given, last["time"])
    if changed - given:
        remove_made(out, changed - given)
    text = json.dumps({"time": time.time(), "sums": sums})
    kept.with_suffix(".new").write_text(text, encoding="utf-8")
    kept.with_suffix(".new").replace(kept)


def main(words: list[str]) -> int:
    """One make after the other."""
    build, out, folder = Path(words[0]), Path(words[1]), "".join(words[2:3])
    build.mkdir(parents=True, exist_ok=True)
    with open(build / "contents.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        update(build, out, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
