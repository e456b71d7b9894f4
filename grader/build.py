"""Builds a stage by make, and says in words why it cannot be built.

Two kinds of failure, which must not be mixed up.  The student's: the compiler
or the linker stops at their files, or their objects use what the lab's
interface does not have; the verdict is BUILD.  The grader's: make, a tool or
the disk fails, or the given kernel does not compile; that is Trouble.
"""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from machine import BUILD, ROOT

from grader.errors import Trouble
from grader.load import Lab, place

IMPLEMENTATIONS = ("labs", "solutions")

# What the compiler itself calls: to copy and clear, and at each access to
# memory (kernel/debug/access.c).
COMPILERS_OWN = re.compile(r"mem(cpy|move|set|cmp)|__tsan_\w+")

# Sections that the given kernel collects: a lab's objects have none.
COLLECTED = {".ktests": "defines a kernel test"}


@dataclass(frozen=True)
class Implementation:
    """Whose files are marked: labs, solutions, or those in a directory."""

    lab: Lab
    word: str  # "labs", "solutions"; or the directory's name, for the stage
    files: Path | None = None

    @property
    def stage(self) -> str:
        """The folder in build/."""
        return self.lab.name + ("" if self.word == "labs" else f".{self.word}")

    @property
    def build(self) -> Path:
        """Where it is built."""
        return BUILD / self.stage

    @property
    def source(self) -> Path:
        """Where its files are."""
        return self.files or ROOT / self.word / self.lab.name

    def variables(self) -> list[str]:
        """What make must be given."""
        words = [f"LAB={self.lab.number}"]
        if self.files:
            words += [f"FILES={place(self.files)}", f"NAME={self.word}"]
        elif self.word != "labs":
            words.append(f"IMPL={self.word}")
        return words


def choose_implementation(lab: Lab, word: str, name: str = "") -> Implementation:
    """labs, solutions, or a directory."""
    if word in IMPLEMENTATIONS:
        if not (ROOT / word / lab.name).is_dir():
            raise Trouble(f"there is no {word}/{lab.name}")
        return Implementation(lab, word)
    files = Path(word).resolve()
    if not files.is_dir():
        raise Trouble(f"--impl {word}: this is neither labs, solutions nor a directory")
    if not any((files / file).is_file() for file in lab.files):
        raise Trouble(f"--impl {word}: no {' or '.join(lab.files)} is there")
    if not name:  # the same each time, and another one for each directory
        digest = hashlib.sha256(str(files).encode()).hexdigest()[:6]
        name = re.sub(r"[^\w-]", "-", files.name) + "-" + digest
    return Implementation(lab, name, files)


@dataclass
class Failure:
    """Why the student's files do not build."""

    summary: str
    lines: list[str] = field(default_factory=list)


# ---- reading what the compiler and the linker say ----

ERROR = re.compile(r"^(?P<place>[^\s:]+:\d+(?::\d+)?): (?:fatal )?error: (?P<text>.*)$")
INCLUDED = re.compile(r"^(?:In file included|\s+) from ([^\s:]+):\d+")
UNDEFINED = re.compile(r"undefined reference to [`'](\w+)'")
TWICE = re.compile(r"multiple definition of [`'](\w+)'")
CONTEXT = re.compile(r"^\s*(\d+)? *\|")  # the compiler's picture of the line


def compiler_failure(output: list[str], files: set[str]) -> Failure | None:
    """The first error, if it is in the student's files or in what these include."""
    included_by: list[str] = []
    for number, line in enumerate(output):
        found = INCLUDED.match(line)
        if found:
            included_by.append(found[1])
            continue
        found = ERROR.match(line)
        if found and files & {found["place"].split(":")[0], *included_by}:
            picture = []
            for more in output[number + 1 : number + 5]:
                if not CONTEXT.match(more):
                    break
                picture.append(more)
            return Failure(f"{found['place']}: {found['text']}", picture)
        if found:
            return None  # the given kernel's
        if line and not line[0].isspace() and "In function" not in line:
            included_by = []
    return None


def linker_failure(output: list[str], lab: Lab) -> Failure | None:
    """Functions that are missing, or there twice."""
    missing = list(dict.fromkeys(name for line in output for name in UNDEFINED.findall(line)))
    twice = list(dict.fromkeys(name for line in output for name in TWICE.findall(line)))
    files = " or ".join(lab.files)
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        return Failure(
            f"missing function {missing[0]}{more}: the kernel calls it, {files} must define it",
            [f"missing function {name}" for name in missing[1:9]],
        )
    if twice:
        places = [printed for printed in output if TWICE.search(printed)]
        return Failure(f"{twice[0]} is defined twice", [shorten(line) for line in places[:4]])
    return None


def shorten(line: str) -> str:
    """A linker's line without where it was built."""
    return re.sub(r"\S*/(?=[\w-]+/[\w.-]+\.[co]\b)", "", line)


def make_trouble(output: list[str]) -> Trouble:
    """A failure that is not the student's, in one line."""
    text = "\n".join(output)
    if "No space left on device" in text:
        return Trouble("the disk is full: the kernel could not be built")
    telling = [line for line in output if re.search(r"error|\*\*\*|not found|missing", line)]
    line = (telling or output or ["make said nothing"])[0].strip()
    return Trouble(f"the kernel could not be built, and not for the student's files: {line}")


# ---- building ----


def source_names(implementation: Implementation) -> set[str]:
    """The student's files, as the compiler names them."""
    files = implementation.lab.files
    own = {f"{place(implementation.source)}/{file}" for file in files}
    return own | {f"labs/{implementation.lab.name}/{file}" for file in files}


def make_command(implementation: Implementation) -> list[str]:
    """Builds the stage's kernel.

    Of somebody else's files no more than that, and the programs: for editors,
    compile_commands.json is about this tree.
    """
    targets = ["kernel"]
    if implementation.files:
        targets = [f"build/{implementation.stage}/{name}" for name in ("kernel.elf32", "root.cpio")]
    return ["make", "--no-print-directory", "-s", *targets, *implementation.variables()]


def build(implementation: Implementation) -> Failure | None:
    """Builds the stage; None when all is well."""
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: text for name, text in os.environ.items() if name not in hidden}
    environment["LC_ALL"] = "C"  # the patterns above are English
    try:
        done = subprocess.run(
            make_command(implementation),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except FileNotFoundError:
        raise Trouble("there is no make here: the kernel cannot be built") from None
    if done.returncode == 0:
        return check_interface(implementation)
    output = done.stdout.decode("utf-8", "replace").splitlines()
    failure = compiler_failure(output, source_names(implementation))
    failure = failure or linker_failure(output, implementation.lab)
    if failure:
        return failure
    raise make_trouble(output)


# ---- what the objects use ----


def binutil(name: str) -> str:
    """The cross tool, where that is what there is."""
    cross = shutil.which(f"x86_64-elf-{name}") or shutil.which(f"x86_64-linux-gnu-{name}")
    return cross or name


def run_tool(command: list[str]) -> str:
    """What it prints; Trouble when it does not work."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
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


def used_and_defined(path: Path) -> tuple[set[str], set[str]]:
    """The symbols that an object takes from elsewhere, and those that it gives."""
    used, defined = set(), set()
    for line in run_tool([binutil("nm"), "--format=posix", str(path)]).splitlines():
        name, kind = line.split()[:2]
        if kind in "Uvw":
            used.add(name)
        elif kind.isupper():
            defined.add(name)
    return used, defined


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


def check_interface(implementation: Implementation) -> Failure | None:
    """A student's objects use only what the lab's interface has."""
    lab = implementation.lab
    objects = objects_of(implementation)
    symbols = {file: used_and_defined(path) for file, path in objects.items()}
    own = set().union(*(defined for _, defined in symbols.values()))
    for file, (used, _) in symbols.items():
        wrong = sorted(name for name in used - own if not may_use(lab, name))
        if wrong:
            return Failure(
                f"{file} uses {wrong[0]}, which is not in this lab's interface; "
                + interface_hint(lab, wrong[0]),
                [f"{file} uses {name} too" for name in wrong[1:9]],
            )
    for file, path in objects.items():
        headers = run_tool([binutil("objdump"), "-h", str(path)])
        for section, words in COLLECTED.items():
            if re.search(rf"\s{re.escape(section)}\s", headers):
                return Failure(f"{file} {words} (section {section}), which only tests may do")
    return None
