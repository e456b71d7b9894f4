"""What a student's files may be made of, and what the objects made of them may use.

A lab's files run inside the kernel, where code can do anything; but what it does
by name is seen here.  An object may take from the kernel what `interface` in
lab.toml lists, and nothing else.  Three ways around that are closed as well:

    a weak or common symbol   gives way to the kernel's of the same name, so that
                              what looks like the student's own is not
    a section of its own      may be one that the linker's script collects
    #include, .incbin         may read the reference, or what it was compiled to;
                              the compiler and the assembler list what they read
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import re
import shutil
import subprocess
from pathlib import Path

from grader.implementation import Failure, Implementation, is_given_header
from grader.load import Lab, place
from tools.machine.errors import Trouble
from tools.machine.machine import ROOT

# What the compiler itself calls: to copy and clear, and at each access to
# memory (kernel/test/access.c).
COMPILERS_OWN = re.compile(r"mem(cpy|move|set|cmp)|__tsan_\w+")

# Where the compiler puts code and data, and what it says about them.  The last
# one comes with -fsanitize=thread, and the linker drops it.
SECTIONS = re.compile(
    r"\.(text|rodata|data|bss)(\.(?!hooks$).*)?"
    r"|\.comment|\.note\..*|\.debug_\w+|\.init_array\.00099"
)
SECTION_WORDS = {
    ".ktests": "defines a kernel test",
    ".init_array": "has a constructor, which nobody would call",
    ".tbss": "has thread-local variables, which the kernel has not",
    ".tdata": "has thread-local variables, which the kernel has not",
}

# Kinds of nm that look defined, and are another's if another has the name.
GIVES_WAY = {"V": "weak", "W": "weak", "C": "common", "u": "unique", "i": "indirect"}

# ---- the files ----


@functools.cache
def compilers_folder() -> Path:
    """Where its own headers are, as <stdint.h>."""
    compiler = next(filter(shutil.which, ("x86_64-elf-gcc", "x86_64-linux-gnu-gcc")), "gcc")
    return Path(run_tool([compiler, "-print-file-name=include"]).strip()).resolve().parent


def files_read(path: Path) -> list[str]:
    """What a make rule, as the compiler and the assembler write them, depends on."""
    rule = path.read_text(errors="replace").replace("\\\n", " ").split("\n", 1)[0]
    return [word.replace("\\", "") for word in re.findall(r"(?:\\.|\S)+", rule.partition(": ")[2])]


def may_read(implementation: Implementation, file: str, word: str) -> bool:
    """May the object of this file be made of that one?"""
    path = (ROOT / word).resolve()  # then decide: any part of it may be a link
    homes = (implementation.source, implementation.handed_in, ROOT / "labs" / implementation.lab.name)
    if path.name in implementation.lab.files and path.parent in [home.resolve() for home in homes]:
        return True
    if is_given_header(word) or path.is_relative_to(compilers_folder()):
        return True
    if word == file:
        return True
    # As the assembler sees it: the compiler's own, in a folder that is ours.
    ours = implementation.temporary.resolve()
    return path.parent == ours and bool(re.fullmatch(r"cc\w+\.s", path.name))


def check_reads(implementation: Implementation, file: str, path: Path) -> Failure | None:
    """A student's file is made of itself and of given headers."""
    for rule in (path.with_name(path.name + ".d"), path.with_name(path.name + ".asm.d")):
        if not rule.exists():
            raise Trouble(f"make left no {place(rule)}")
        for word in files_read(rule):
            if not may_read(implementation, file, word):
                return Failure(
                    f"{file} reads {word}: a lab's files may include one another, "
                    "and headers of kernel/"
                )
    return None


# ---- the objects ----


def binutil(name: str) -> str:
    """The cross tool, where that is what there is."""
    cross = shutil.which(f"x86_64-elf-{name}") or shutil.which(f"x86_64-linux-gnu-{name}")
    return cross or name


def run_tool(command: list[str]) -> str:
    """What it prints; Trouble when it does not work."""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise Trouble(f"there is no {command[0]} here") from None
    if done.returncode:
        raise Trouble(f"{command[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def objects_of(implementation: Implementation) -> dict[str, Path]:
    """The student's files, and their objects."""
    folder = implementation.build / "lab"
    found = {file: folder / f"{file}.o" for file in implementation.lab.files if file[-1] == "c"}
    for file, path in found.items():
        if not path.exists():
            raise Trouble(f"make built no {place(path)} from {file}")
    return found


def symbols_of(path: Path) -> dict[str, str]:
    """The names in an object that other objects see, and nm's letter of each."""
    lines = run_tool([binutil("nm"), "--format=posix", str(path)]).splitlines()
    found = [re.fullmatch(r"(.*) ([A-Za-z?])[ 0-9a-f]*", line) for line in lines]
    kinds = {line[1]: line[2] for line in found if line}
    return {name: kind for name, kind in kinds.items() if kind.isupper() or kind in "vwui"}


def may_use(lab: Lab, name: str) -> bool:
    """Is it in the lab's interface, which may have patterns?"""
    if COMPILERS_OWN.fullmatch(name):
        return True
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in lab.interface)


def interface_hint(lab: Lab, name: str) -> str:
    """What was probably meant, or where to look."""
    close = difflib.get_close_matches(name, lab.interface, 1, 0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"{place(lab.folder / 'lab.toml')} lists what may be used"


@functools.cache
def linkers_own() -> set[str]:
    """Names that the linker's script defines, whoever else does."""
    text = (ROOT / "kernel/boot/kernel.ld").read_text(encoding="utf-8")
    return set(re.findall(r"^\s*(\w+) = ", text, re.MULTILINE))


def check_defined(file: str, symbols: dict[str, str]) -> Failure | None:
    """What an object defines is its own."""
    for name, kind in symbols.items():
        if kind in GIVES_WAY:
            return Failure(
                f"{file} has {name} as a {GIVES_WAY[kind]} symbol, which would give way to "
                "the kernel's: define it plainly, or make it static"
            )
        if kind != "U" and name in linkers_own():
            return Failure(f"{file} defines {name}, which is the linker's")
    return None


def check_sections(file: str, path: Path) -> Failure | None:
    """Its code and data lie where a compiler puts them."""
    for line in run_tool([binutil("readelf"), "-SW", str(path)]).splitlines():
        found = re.match(r"\s*\[ *\d+\] (\S+)\s+(\w+)\s", line)
        if not found or found[2] in ("NULL", "RELA", "SYMTAB", "STRTAB", "GROUP"):
            continue
        name = found[1]
        if not SECTIONS.fullmatch(name):
            prefix = next((key for key in SECTION_WORDS if name.startswith(key)), "")
            words = SECTION_WORDS.get(prefix, "has a section of its own")
            only = ", which only tests may do" if prefix == ".ktests" else ""
            return Failure(f"{file} {words} (section {name}){only}")
    return None


def check_interface(implementation: Implementation) -> Failure | None:
    """A student's objects are made of what is theirs, and use only the lab's interface."""
    lab = implementation.lab
    objects = objects_of(implementation)
    symbols = {file: symbols_of(path) for file, path in objects.items()}
    for file, path in objects.items():
        failure = check_reads(implementation, file, path)
        failure = failure or check_defined(file, symbols[file]) or check_sections(file, path)
        if failure:
            return failure
    kinds = [entry for of_file in symbols.values() for entry in of_file.items()]
    own = {name for name, kind in kinds if kind.isupper() and kind != "U"}
    for file, of_file in symbols.items():
        wrong = sorted(name for name in of_file if name not in own and not may_use(lab, name))
        if wrong:
            return Failure(
                f"{file} uses {wrong[0]}, which is not in this lab's interface; "
                + interface_hint(lab, wrong[0]),
                [f"{file} uses {name} too" for name in wrong[1:9]],
            )
    return None
