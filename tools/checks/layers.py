"""The order of the kernel's folders: who may name whom.

Asked of the object files, by nm, and not of the sources: a call that goes
through a table of rows (kernel/include/table.h) names nobody.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

from tools.machine.machine import ROOT, Machine

from .framework import Context, check, expect

CORE = {"boot", "cpu", "mm", "sched", "lib", "dev"}
ABOVE_CORE = {"process", "file", "linux", "explain", "monitor", "test"}
ABOVE_UNIX = {"linux", "monitor", "test"}
UNIX = {"ipc", "process", "file"}

# Who may name what nevertheless: a file or folder, symbols, and why.
EXCEPTIONS = [
    ("*", "panic", "the end may come anywhere"),
    ("cpu/trap.c", "fault_explain", "a fault of the kernel ends in a panic"),
    ("cpu/trap.c", "nmi_dispatch", "an NMI stops a CPU for the one that panics"),
    ("cpu/trap.c", "process_check_killed", "on the way back to a program it may end"),
    ("cpu/trap.c", "process_fault", "a program's fault is its process's end"),
    ("cpu/trap.c", "process_wait_for_memory", "a page fault has nobody to return to"),
    ("cpu/syscall_entry.asm", "syscall_*", "a program's call goes to the table"),
    ("cpu/syscall_entry.asm", "sys_*", "calls that need all of the caller's registers"),
    ("cpu/syscall_entry.asm", "process_check_killed", "as in trap.c"),
    ("boot/main.c", "syscall_init", "fills the table before a program can call"),
    ("boot/main.c", "start_system", "the last thing: tests, a program, or the prompt"),
]


def folder(name: str) -> str:
    """The part of the kernel that a file in it belongs to."""
    first = name.split("/")[0]
    return "core" if first in CORE else first


def symbols(objects: dict[str, Path]) -> dict[str, tuple[set[str], set[str]]]:
    """Of each file what its object defines for others, and what it takes from them."""
    files = {str(path): name for name, path in objects.items()}
    command = ["nm", "-A", *files]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tables: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in objects}
    for line in listing.splitlines():
        path, _, rest = line.partition(":")
        kind, name = rest.split()[-2:]
        if kind == "U" or kind.isupper():
            tables[files[path]][kind == "U"].add(name)
    return tables


def excepted(user: str, name: str) -> bool:
    """Is there an argued exception?"""
    return any(fnmatch(user, who) and fnmatch(name, what) for who, what, _ in EXCEPTIONS)


@check("source/layers", 2)
def order_of_folders(context: Context) -> None:
    """The core names nobody above it, and what any Unix has nothing of linux/."""
    given = Machine(stage=context.stage).build.parent / "given/kernel"
    sources = [*(ROOT / "kernel").rglob("*.c"), *(ROOT / "kernel").rglob("*.asm")]
    names = [str(path.relative_to(ROOT / "kernel")) for path in sources]
    objects = {name: given / f"{name}.o" for name in names}
    tables = symbols({name: path for name, path in objects.items() if path.exists()})
    expect(len(tables) > 150, f"too few objects in {given}", "more than 150", len(tables))
    owner = {symbol: name for name, (defined, _) in tables.items() for symbol in defined}
    wrong, used = [], set()
    for user, (_, undefined) in sorted(tables.items()):
        above = ABOVE_CORE if folder(user) == "core" else ABOVE_UNIX if folder(user) in UNIX else {}
        for symbol in sorted(undefined):
            if folder(owner.get(symbol, "")) not in above:
                continue
            if excepted(user, symbol):
                used.add(symbol)
            else:
                wrong.append(f"{user} names {symbol} of {owner[symbol]}")
    for who, what, _ in EXCEPTIONS:
        expect(any(fnmatch(name, what) for name in used), f"nobody needs the exception {who} {what}")
    expect(not wrong, "arrows that point up", "none", "\n    " + "\n    ".join(wrong))
    context.note(f"{len(tables)} objects; {len(used)} symbols by the exceptions")


@check("source/headers")
def headers(context: Context) -> None:
    """Headers have names of their own, and no circle of #include."""
    paths: dict[str, list[Path]] = defaultdict(list)
    for path in (ROOT / "kernel").rglob("*.h"):
        paths[path.name].append(path)
    twice = [name for name, found in paths.items() if len(found) > 1]
    expect(not twice, "two headers of one name", "none", sorted(twice))
    includes = {
        name: re.findall(r'^#include "(\w+\.h)"', found[0].read_text(encoding="utf-8"), re.M)
        for name, found in paths.items()
    }
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        expect(name not in way, "headers include one another", "no circle", [*way, name])
        if name in done:
            return
        for other in includes.get(name, []):
            visit(other, [*way, name])
        done.add(name)

    for name in sorted(includes):
        visit(name, [])
    context.note(f"{len(includes)} headers")
