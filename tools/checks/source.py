"""The source itself: it builds in time, is formatted, and its documents are true."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from tools.machine.machine import ROOT, Machine, stage_words

from .framework import LOGS, Context, Failed, check, expect


def sources() -> list[Path]:
    """Every file that git knows, or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = (ROOT / name for name in listing.split("\0") if name)
    return [file for file in files if file.is_file()]


def make(*arguments: str) -> tuple[int, str, float]:
    """Runs make: its status, what it printed, seconds."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    started = time.monotonic()
    done = subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, time.monotonic() - started


@check("source/build", 15)
def build_times(context: Context) -> None:
    """A build from nothing, and after one edit; the times are printed."""
    out = LOGS / "rebuild"
    shutil.rmtree(out, ignore_errors=True)
    target = [f"BUILD={out.relative_to(ROOT)}", "kernel", *stage_words(context.stage)]
    status, text, full = make(*target)
    expect(status == 0, "it does not build from nothing", "success", text[-1500:])
    expect("warning:" not in text, "the compiler warns", "no warning", text[-1500:])
    for kind in ("kernel.elf", "kernel.elf32"):
        expect((out / context.stage / kind).exists(), f"make made no {kind} in {out}")
    status, text, edited = make("-W", "kernel/mm/page.c", *target)  # as if just edited
    expect(status == 0, "it does not build after an edit", "success", text[-1500:])
    expect(text.count("CC ") == 1, "one edit does not compile one file", "1", text)
    shutil.rmtree(out)
    context.note(f"full rebuild {full:.1f} s, after one edit {edited:.1f} s, beside other checks")


TEXT_BUDGET = 512  # KiB: of the kernel with all labs, without tests and symbols


def text_of(objects: list[Path]) -> int:
    """Bytes of code and constants in these objects."""
    command = ["size", *map(str, objects)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[0]) for line in listing.splitlines()[1:])


def part_of(source: Path) -> str:
    """Of which part of the image a file in kernel/ is."""
    if "tests" in source.parts:
        return "tests"
    return "debugging" if source.parts[1] in ("explain", "monitor", "test") else "kernel"


@check("source/size")
def image_size(context: Context) -> None:
    """The kernel's code is within its budget; prints what the image is made of.

    What counts is what runs: the given kernel with its debugging, and the labs.
    Not the tests, which are another set in each stage, nor the symbols for
    backtraces, which are data.
    """
    machine = Machine(stage=context.stage)
    parts: dict[str, list[Path]] = {"kernel": [], "debugging": [], "labs": [], "tests": []}
    for source in sorted([*ROOT.glob("kernel/*/**/*.c"), *ROOT.glob("kernel/*/*.asm")]):
        place = source.relative_to(ROOT)
        if place.name not in ("locked.c", "offsets.c"):  # which are not part of every image
            parts[part_of(place)].append(machine.build.parent / "given" / f"{place}.o")
    lab = context.stage.split(".")[0]
    parts["tests"] += (machine.build.parent / f"given/labs/{lab}/tests").glob("k_*.o")
    parts["labs"] += (machine.build / "lab").glob("*.o")
    sizes = {name: text_of(objects) // 1024 for name, objects in parts.items()}
    sizes["symbols"] = (machine.build / "ksyms.bin").stat().st_size // 1024
    text = sizes["kernel"] + sizes["debugging"] + sizes["labs"]
    listing = ", ".join(f"{name} {size}" for name, size in sizes.items())
    context.note(f"text {text} KiB of {TEXT_BUDGET}; in KiB: {listing}")
    expect(text < TEXT_BUDGET, "the kernel has grown too large",
           f"less than {TEXT_BUDGET} KiB of text", f"{text}: {listing}")  # fmt: skip


@check("source/format", 3)
def formatted(context: Context) -> None:
    """clang-format would change nothing, where there is one."""
    if not shutil.which("clang-format"):
        context.note("no clang-format here: not checked")
        return
    status, text, _ = make("format-check")
    expect(status == 0, "clang-format would change files: make format", "nothing", text[:1500])


@check("source/comments")
def whole_comments(context: Context) -> None:
    """No comment is broken: clang-format wraps a long line of one without the space.

    What it leaves is " *word", inside a comment whose other lines have the space.
    """
    broken, count = [], 0
    for file in sources():
        if file.suffix not in (".c", ".h"):
            continue
        text = file.read_text(encoding="utf-8")
        for comment in re.finditer(r"/\*.*?\*/", text, re.DOTALL):
            count += 1
            for line in re.findall(r"\n[ \t]*\*[^\s*/].*", comment[0]):
                broken.append(f"{file.relative_to(ROOT)}: {line.strip()}")
    expect(not broken, "comments are broken", "* and a space", "\n".join(broken))
    context.note(f"{count} comments")


@check("source/tools", 2)
def tests_of_the_tools(context: Context) -> None:
    """The tests of tools/ themselves, where there is a pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tools/tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "No module named pytest" in done.stderr:
        context.note("no pytest here: not checked")
        return
    expect(done.returncode == 0, "pytest fails", "success", done.stdout[-2000:] + done.stderr)
    context.note(done.stdout.splitlines()[-1])


# Which packages each may import, beside itself.  The first that fits a file counts.
LAYERS = {
    "tools.machine": (),
    "grader.proof": ("grader", "tools.machine"),
    "grader": ("tools.machine",),
    "bench": ("tools.machine",),
    "labs": ("grader.peer",),
    "tools.course": ("grader", "tools.machine"),
    "tools.checks": ("grader", "tools"),
    "tools.tests": ("tools", "grader.load"),
    "tools.gdb": (),
}
OURS = ("tools", "grader", "bench")


def imports_of(text: str) -> set[str]:
    """The modules of this tree that a file imports: "tools.machine.boot"."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def is_within(name: str, packages: Iterable[str]) -> bool:
    """Is the module one of these, or in one of them?"""
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


@check("source/imports")
def one_direction(context: Context) -> None:
    """Python imports one way, machine <- grader <- course <- checks, and by no path trick."""
    wrong, count = [], 0
    for file in sources():
        if file.suffix != ".py":
            continue
        place, text = file.relative_to(ROOT), file.read_text(encoding="utf-8")
        module = ".".join(place.with_suffix("").parts)
        layer = next((name for name in LAYERS if is_within(module, [name])), "")
        if not layer and place != Path("tools/__init__.py"):
            wrong.append(f"{place} is of no layer")
        imported = imports_of(text)
        count += len(imported)
        wrong += [
            f"{place} imports {name}"
            for name in sorted(imported)
            if layer and not is_within(name, (layer, *LAYERS[layer]))
            or is_within(name, ["grader.proof"]) and layer != "grader.proof"
        ]
        if "sys" + ".path" in text:
            wrong.append(f"{place} changes where modules are looked for")
    expect(count > 100, "this check looks at nothing", "more than 100 imports", count)
    expect(not wrong, "imports go astray", "none", "\n    " + "\n    ".join(wrong))
    context.note(f"{count} imports")


@check("source/documents")
def documented_symbols(context: Context) -> None:
    """The functions that kernel/README.md and LOCKING.md name exist: `name()`."""
    code = "\n".join(
        file.read_text(errors="replace")
        for file in sources()
        if file.suffix in (".c", ".h", ".asm", ".ld")
    )
    known = set(re.findall(r"\b\w+\b", code))
    missing = []
    for document in ("kernel/README.md", "kernel/LOCKING.md"):
        path = ROOT / document
        expect(path.exists(), f"there is no {document}")
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"`(\w+)\(\)`", text))
        expect(bool(named) or document != "kernel/README.md", f"{document} names no function")
        missing += [f"{document}: {name}()" for name in sorted(named - known)]
        for file in re.findall(r"`((?:kernel|tools)/[\w/.-]+)`", text):
            if not (ROOT / file).exists():
                missing.append(f"{document}: {file}")
    expect(not missing, "documents name what is gone", "nothing", "\n    " + "\n    ".join(missing))


SYSCALL_ROW = re.compile(r"^SYSCALL(?:_FRAME)?\((\d+), (\w+)\);$", re.M)
SYSCALL_BODY = re.compile(r"^long sys_(\w+)\(([^;{)]*)\)\n\{$", re.M)
NARROW = re.compile(r"\b(?:bool|char|short|u?int(?:8|16)_t)\b")
UNISTD = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
FIRST_NATIVE = 1000  # user/signalbox.h: from here on our own


def syscall_rows() -> dict[str, tuple[int, Path]]:
    """Of each system call: its number, and the file with its row."""
    rows: dict[str, tuple[int, Path]] = {}
    for file in (ROOT / "kernel").rglob("syscall_rows.c"):
        for number, name in SYSCALL_ROW.findall(file.read_text(encoding="utf-8")):
            expect(name not in rows, f"a row twice: {name}")
            rows[name] = (int(number), file)
    expect(len(rows) > 100, "the rows are not read right", "all calls", sorted(rows))
    return rows


def tagged(files: list[Path]) -> set[str]:
    """The functions that ctags finds in the files."""
    command = ["ctags", "-x", "--c-kinds=f", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in done.stdout.splitlines()}


def scoped(files: list[Path], names: list[str]) -> set[str]:
    """Those of the names of which cscope finds the definition in the files."""
    database = LOGS / "cscope.out"
    queries = "".join(f"1{name}\n" for name in names)
    command = ["cscope", "-k", "-l", "-f", str(database), *map(str, files)]
    done = subprocess.run(command, input=queries, capture_output=True, text=True, check=True)
    database.unlink(missing_ok=True)
    return {fields[1] for line in done.stdout.splitlines() if len(fields := line.split()) > 3}


@check("source/calls", 2)
def calls_are_found(context: Context) -> None:
    """Each row of the call table has one plain definition, which tools find."""
    rows = syscall_rows()
    files = [f for f in sources() if f.suffix == ".c" and f.is_relative_to(ROOT / "kernel")]
    found: dict[str, Path] = {}
    wrong = []
    for file in files:
        for name, parameters in SYSCALL_BODY.findall(file.read_text(encoding="utf-8")):
            if name in found:
                wrong.append(f"sys_{name}: two definitions")
            if NARROW.search(parameters):
                wrong.append(f"sys_{name}: a parameter is narrower than int")
            found[name] = file
    wrong += [f"sys_{name}: a row, no definition" for name in rows.keys() - found.keys()]
    wrong += [f"sys_{name}: no row" for name in found.keys() - rows.keys()]
    linux = ROOT / "kernel/linux"
    for name in rows.keys() & found.keys():
        if found[name].is_relative_to(linux) != rows[name][1].is_relative_to(linux):
            wrong.append(f"sys_{name}: its row belongs to the other half, kernel/linux or not")
    if UNISTD.exists():
        header = UNISTD.read_text(encoding="utf-8")
        names = dict(re.findall(r"^#define __NR_(\w+) (\d+)$", header, re.M))
        for name, (number, _) in rows.items():
            if number < FIRST_NATIVE and names.get(name) != str(number):
                wrong.append(f"{number} is not {name} on Linux")
    expect(not wrong, "the call table", "agreement", "\n    " + "\n    ".join(sorted(wrong)))
    wanted = {f"sys_{name}" for name in rows}
    used = [tool for tool in ("ctags", "cscope") if shutil.which(tool)]
    for tool in used:
        known = tagged(files) if tool == "ctags" else scoped(files, sorted(wanted))
        expect(wanted <= known, f"{tool} does not find", "all", sorted(wanted - known))
    context.note(f"{len(rows)} calls, found by {' and '.join(['a regular expression', *used])}")


MARKS = re.compile(r"^## How the mark comes about$(.*?)^## ", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (\d\.\d|challenge)\b[^|]*\| (?:extra )?(\d+) \|(.*)\|$", re.MULTILINE)


def points_in(handout: Path) -> dict[str, dict[str, int]]:
    """Of the handout's table: the points of each test, by exercise, and `sum`."""
    section = MARKS.search(handout.read_text(encoding="utf-8"))
    expect(bool(section), f"{handout.name} has no section on the mark")
    table = {}
    for exercise, total, tests in ROW.findall(section[1] if section else ""):
        table[exercise] = {name: int(n) for name, n in re.findall(r"`(\w+)` (\d+)", tests)}
        table[exercise]["sum"] = int(total)
    return table


def points_of(lab: Path) -> dict[str, dict[str, int]]:
    """The same of lab.toml; what has extra points is of the challenge."""
    table: dict[str, dict[str, int]] = {}
    for test in tomllib.loads((lab / "lab.toml").read_text(encoding="utf-8"))["test"]:
        extra = test.get("extra", 0)
        row = table.setdefault("challenge" if extra else test["exercise"], {"sum": 0})
        row[test["name"]] = extra or test["points"]
        row["sum"] += row[test["name"]]
    return table


@check("source/marks")
def marks_in_handouts(context: Context) -> None:
    """The table of points in each handout is that of lab.toml."""
    wrong, tests = [], 0
    for lab in sorted((ROOT / "labs").glob("[0-9][0-9]-*")):
        told, counted = points_in(ROOT / "handouts" / f"{lab.name}.md"), points_of(lab)
        for exercise in sorted({*told, *counted}):
            one, other = told.get(exercise, {}), counted.get(exercise, {})
            tests += len(other)
            wrong += [
                f"{lab.name}, {exercise}, {name}: the handout says {one.get(name)}, "
                f"lab.toml {other.get(name)}"
                for name in sorted({*one, *other})
                if one.get(name) != other.get(name)
            ]
    expect(tests > 100, "this check looks at nothing", "more than 100 tests", tests)
    expect(not wrong, "handouts tell other points", "those of lab.toml",
           "\n    " + "\n    ".join(wrong))  # fmt: skip


# Material of the grader and of one lab: the README of the folder above tells.
INDEXED_ABOVE = re.compile(
    r"grader/proof/(mutants|variants|adversaries)/|(labs|solutions)/\d\d-|handouts/instructor"
)


def unnamed(folder: Path, names: list[str]) -> list[str]:
    """The files that the folder's index does not name, as `name.c` or `name-*.c`."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    patterns = re.findall(r"`([^`\s]+)`", text)
    return [
        f"{(folder / name).relative_to(ROOT)} is not in README.md"
        for name in sorted(names)
        if name not in ("README.md", "__init__.py") and not name.startswith(".")
        if not any(fnmatch(name, pattern) for pattern in patterns)
    ]


@check("source/readmes")
def readmes(context: Context) -> None:
    """Every folder of source has a README.md, which names its files."""
    folders: dict[Path, list[str]] = {}
    for file in sources():
        folders.setdefault(file.parent, []).append(file.name)
    wrong = []
    for folder, names in sorted(folders.items()):
        place = folder.relative_to(ROOT)
        if any(part.startswith(".") for part in place.parts):
            continue
        if "README.md" in names:
            wrong += unnamed(folder, names)
        elif not INDEXED_ABOVE.match(f"{place}/"):
            wrong.append(f"{place}: no README.md")
    expect(not wrong, "files in no index", "none", "\n    " + "\n    ".join(wrong))


@check("source/paths")
def no_local_paths(context: Context) -> None:
    """No file holds the path of this working copy: nobody else has it."""
    here = str(ROOT)
    if here.count("/") < 2:
        context.note(f"{here} is too short a path to search for")
        return
    pattern = re.compile(re.escape(here) + r"\b")
    found = [
        str(file.relative_to(ROOT))
        for file in sources()
        if pattern.search(file.read_bytes().decode("utf-8", "replace"))
    ]
    if found:
        raise Failed(f"{here} is in: " + ", ".join(found))
