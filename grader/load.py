"""Reads labs/NN-name/lab.toml: which tests there are, and what each is worth.

    number = 1
    title = "Locking by disabling interrupts"
    hours = "8 to 12"
    files = ["irq.c", "lock.c"]             # what a student may hand in
    interface = ["printk", "panic"]         # what their objects may use; or patterns

    [defaults]                              # of every test that says nothing else:
    cpus = [1]                              # cpus, sched, limit_instructions; only
    limit_instructions = 100_000_000        # cpus for an outside half

    [[test]]
    name = "nesting"                        # test=01/nesting runs it
    exercise = "1.1"
    points = 6                              # 0 for a challenge, which has
    extra = 0                               # extra points instead
    kind = "kernel"                         # tests/k_*.c; "user": the program
    #                                         tests/nesting.c, in user mode;
    #                                         "peer": also tests/nesting.py, outside
    needs = ["qmp"]                         # what its outside half works with
    cpus = [1, 2]                           # it must pass on each
    sched = { random = 200, pct = 100, jitter = 100 }   # seeds; none: one plain run
    #                                       # explore = 5000: all schedules, on one
    #                                       # CPU, but no more than these
    limit_instructions = 2_000_000_000
    expect = "panic"                        # it must end so; default: "pass"
    #                                         "deadlock": nobody can run any more
    panic_says = ["taken at", "lock\\.c"]   # patterns in the panic's first line
    deadlock_says = ["mutex .a. of"]        # and in the line that names the cycle
    hint = "What to look at first."         # printed when it fails

A mistake in it is one line, naming the file, the table, the key, and the
nearest key that there is: a mistyped key that is silently ignored would change
marks.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.machine.errors import Trouble
from tools.machine.machine import ROOT

LABS = ROOT / "labs"
POINTS = 100  # every lab is worth as many
STRATEGIES = {  # name: sched=
    "random": "random",
    "pct": "pct:3",
    "jitter": "jitter",
    "explore": "explore",
}
DEFAULT_LIMIT = 2_000_000_000
NEEDS = ["qmp", "nic"]


@dataclass(frozen=True)
class Schedule:
    """One perturbed run: what repeats it."""

    sched: str  # empty: no strategy, and the seed is for an outside half alone
    seed: int

    def __str__(self) -> str:
        return f"sched={self.sched} seed={self.seed}" if self.sched else f"seed={self.seed}"


@dataclass(frozen=True)
class Test:
    """One [[test]] of a lab.toml."""

    __test__ = False  # none of pytest's

    name: str
    exercise: str
    points: int
    extra: int = 0
    kind: str = "kernel"
    cpus: tuple[int, ...] = (1,)
    sched: dict[str, int] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    expect: str = "pass"
    panic_says: tuple[str, ...] = ()
    deadlock_says: tuple[str, ...] = ()
    hint: str = ""

    def selector(self, suite: str, seeds: bool = True, limit: int = 0) -> str:
        """What selects it on the kernel's command line, with its seeds and limit."""
        words = [f"{suite}/{self.name}"]
        if seeds:
            words += [f"{name}={count}" for name, count in self.sched.items() if count]
        if self.kind != "peer":  # whose outside half may take as long as it needs
            words.append(f"limit={limit or self.limit}")
        return ":".join(words)


@dataclass(frozen=True)
class Lab:
    """A lab.toml."""

    folder: Path
    number: int
    title: str
    hours: str
    files: tuple[str, ...]
    interface: tuple[str, ...]
    tests: tuple[Test, ...]

    @property
    def name(self) -> str:
        """As in "01-interrupts", which names the stage too."""
        return self.folder.name

    @property
    def suite(self) -> str:
        """As in "01", which begins the names of its tests in the kernel."""
        return self.name.split("-")[0]

    def exercise_title(self, exercise: str) -> str:
        """From the heading in the handout; empty when there is none."""
        handout = ROOT / self.handout
        if not handout.exists():
            return ""
        heading = rf"^#+ +(?:Exercise +)?{re.escape(exercise)}[.:]?[ \t]+(\S.*)$"
        found = re.search(heading, handout.read_text(encoding="utf-8"), re.MULTILINE)
        return found[1].strip(" :.-`") if found else ""

    @property
    def handout(self) -> str:
        """Its text, as a path from the top."""
        return f"handouts/{self.name}.md"


# ---- finding it ----


def lab_folders(labs: Path = LABS) -> list[Path]:
    """Every folder of a lab, in order."""
    return sorted(path for path in labs.glob("[0-9][0-9]-*") if path.is_dir())


def find_lab(word: str, labs: Path = LABS) -> Path:
    """4, 04 and 04-pipes mean the same; empty, the highest that there is."""
    folders = lab_folders(labs)
    if not folders:
        raise Trouble(f"there is no lab in {place(labs)}/")
    if not word:
        return folders[-1]
    for folder in folders:
        if word == folder.name or (word.isdigit() and int(word) == int(folder.name[:2])):
            return folder
    names = ", ".join(folder.name for folder in folders)
    raise Trouble(f"there is no lab {word}; there is {names}")


def place(path: Path) -> str:
    """A path for people: from the top, where possible."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


# ---- reading it ----


@dataclass(frozen=True)
class Key:
    """What a key of lab.toml must hold."""

    type: type
    words: str  # its type, for people
    needed: bool = False
    choices: tuple[str, ...] = ()


TEXT, NUMBER = (str, "a text"), (int, "a whole number")
NAMES = (list, "a list of texts")

LAB_KEYS = {
    "number": Key(*NUMBER, needed=True),
    "title": Key(*TEXT, needed=True),
    "hours": Key(object, "a text"),
    "files": Key(*NAMES, needed=True),
    "interface": Key(*NAMES),
    "defaults": Key(dict, "a table, [defaults]"),
    "test": Key(list, "a list of tables, [[test]]", needed=True),
}
TEST_KEYS = {
    "name": Key(*TEXT, needed=True),
    "exercise": Key(*TEXT, needed=True),
    "points": Key(*NUMBER, needed=True),
    "extra": Key(*NUMBER),
    "kind": Key(*TEXT, choices=("kernel", "user", "peer")),
    "cpus": Key(list, "a list of numbers"),
    "sched": Key(dict, "a table, { random = 200 }"),
    "limit_instructions": Key(*NUMBER),
    "needs": Key(*NAMES),
    "emulators": Key(*NAMES),
    "expect": Key(*TEXT, choices=("pass", "panic", "deadlock")),
    "panic_says": Key(*NAMES),
    "deadlock_says": Key(*NAMES),
    "hint": Key(*TEXT),
}
DEFAULT_KEYS = {name: TEST_KEYS[name] for name in ("cpus", "sched", "limit_instructions")}
PEER_DEFAULTS = ("cpus",)  # a test with an outside half has neither seeds nor a limit


def nearest(word: str, known: list[str]) -> str:
    """What was probably meant."""
    found = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {found[0]}?" if found else f"there is {', '.join(known)}"


def check_table(where: str, table: Any, keys: dict[str, Key]) -> None:
    """Every key is known, of its type, and there if it must be."""
    if not isinstance(table, dict):
        raise Trouble(f"{where}: this must be a table")
    for name, value in table.items():
        if name not in keys:
            raise Trouble(f'{where}: unknown key "{name}"; {nearest(name, list(keys))}')
        key = keys[name]
        good = isinstance(value, key.type) and not isinstance(value, bool)
        if good and key.words == NAMES[1]:
            good = all(isinstance(item, str) for item in value)
        if not good:
            raise Trouble(f"{where}: {name} must be {key.words}, and is {value!r}")
        if key.choices and value not in key.choices:
            hint = nearest(str(value), list(key.choices))
            raise Trouble(f'{where}: {name} = "{value}" is nothing known; {hint}')
    for name, key in keys.items():
        if key.needed and name not in table:
            raise Trouble(f'{where}: the key "{name}" is missing')


def check_points(where: str, table: dict[str, Any]) -> None:
    """A test is worth something."""
    for name in ("points", "extra"):
        if table.get(name, 0) < 0:
            raise Trouble(f"{where}: {name} is less than 0")
    if table["points"] == 0 and table.get("extra", 0) == 0:
        raise Trouble(f"{where}: it is worth nothing: points or extra must be above 0")


def check_runs(where: str, table: dict[str, Any]) -> None:
    """How a test, or every test, is run: the numbers are in their ranges."""
    if table.get("limit_instructions", 1) < 1:
        raise Trouble(f"{where}: limit_instructions must be above 0")
    cpus = table.get("cpus", [1])
    if not cpus or not all(isinstance(count, int) and 1 <= count <= 8 for count in cpus):
        raise Trouble(f"{where}: cpus must be numbers from 1 to 8, and is {cpus!r}")
    if len(set(cpus)) != len(cpus):
        raise Trouble(f"{where}: cpus names a number twice: {cpus!r}")
    for name, count in table.get("sched", {}).items():
        if name not in STRATEGIES:
            hint = nearest(name, list(STRATEGIES))
            raise Trouble(f'{where}: sched: unknown key "{name}"; {hint}')
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise Trouble(f"{where}: sched: {name} must be a number of seeds, and is {count!r}")


def check_texts(where: str, table: dict[str, Any], number: int) -> None:
    """Its name can be selected, its exercise is the lab's, its patterns compile."""
    if not re.fullmatch(r"\w+", table["name"]):
        raise Trouble(f"{where}: a name is made of letters, digits and _")
    if not re.fullmatch(rf"{number}\.\d+", table["exercise"]):
        wrong = table["exercise"]
        raise Trouble(f'{where}: exercise must look like "{number}.1", and is "{wrong}"')
    if table.get("kind") == "peer":
        for name in ("sched", "expect"):
            if name in table:
                raise Trouble(f'{where}: {name} is nothing for kind = "peer"')
    for name in table.get("needs", []):
        if name not in NEEDS:
            raise Trouble(
                f'{where}: needs "{name}", which is nothing known; {nearest(name, NEEDS)}'
            )
    for end in ("panic", "deadlock"):
        key = f"{end}_says"
        if table.get(key) and table.get("expect") != end:
            raise Trouble(f'{where}: {key} needs expect = "{end}"')
        for pattern in table.get(key, []):
            try:
                re.compile(pattern)
            except re.error as error:
                words = f'{key}: "{pattern}" is no pattern: {error}'
                raise Trouble(f"{where}: {words}") from None


def read_defaults(file: Path, table: dict[str, Any]) -> dict[str, Any]:
    """What [defaults] says, if there is one."""
    where = f"{place(file)}: [defaults]"
    defaults: dict[str, Any] = table.get("defaults", {})
    check_table(where, defaults, DEFAULT_KEYS)
    check_runs(where, defaults)
    return defaults


def with_defaults(table: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """A test's table, with what it leaves to [defaults]."""
    names = PEER_DEFAULTS if table.get("kind") == "peer" else DEFAULT_KEYS
    return {name: value for name, value in defaults.items() if name in names} | table


def read_test(where: str, table: dict[str, Any], number: int, defaults: dict[str, Any]) -> Test:
    """One [[test]]."""
    check_table(where, table, TEST_KEYS)
    check_points(where, table)
    check_runs(where, table)
    check_texts(where, table, number)
    table = with_defaults(table, defaults)
    return Test(
        name=table["name"],
        exercise=table["exercise"],
        points=table["points"],
        extra=table.get("extra", 0),
        kind=table.get("kind", "kernel"),
        cpus=tuple(table.get("cpus", [1])),
        sched=dict(table.get("sched", {})),
        limit=table.get("limit_instructions", DEFAULT_LIMIT),
        expect=table.get("expect", "pass"),
        panic_says=tuple(table.get("panic_says", [])),
        deadlock_says=tuple(table.get("deadlock_says", [])),
        hint=table.get("hint", ""),
    )


def parse_toml(file: Path) -> dict[str, Any]:
    """The file, as tomllib understands it."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Trouble(f"there is no {place(file)}") from None
    except UnicodeDecodeError:
        raise Trouble(f"{place(file)}: it is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error))
        if found:
            raise Trouble(f"{place(file)}:{found[2]}:{found[3]}: {found[1]}") from None
        raise Trouble(f"{place(file)}: {error}") from None


def read_tests(file: Path, table: dict[str, Any]) -> tuple[Test, ...]:
    """Every [[test]], and that they fit together."""
    defaults = read_defaults(file, table)
    tests: list[Test] = []
    for position, entry in enumerate(table["test"], 1):
        name = entry.get("name", "") if isinstance(entry, dict) else ""
        label = f" ({name})" if name else ""
        where = f"{place(file)}: [[test]] {position}{label}"
        test = read_test(where, entry, table["number"], defaults)
        if any(other.name == test.name for other in tests):
            raise Trouble(f"{where}: another test has this name")
        if test.kind == "peer" and not (file.parent / "tests" / f"{test.name}.py").exists():
            raise Trouble(f"{where}: there is no tests/{test.name}.py, its outside half")
        tests.append(test)
    points = sum(test.points for test in tests)
    if points != POINTS:
        raise Trouble(f"{place(file)}: the points of all tests add up to {points}, not {POINTS}")
    return tuple(tests)


def load_lab(folder: Path) -> Lab:
    """Reads and checks a lab's lab.toml."""
    file = folder / "lab.toml"
    table = parse_toml(file)
    check_table(place(file), table, LAB_KEYS)
    if table["number"] != int(folder.name[:2]):
        raise Trouble(f"{place(file)}: number = {table['number']} in {folder.name}")
    for name in table["files"]:
        if not re.fullmatch(r"[\w-]+\.[ch]", name):
            raise Trouble(f'{place(file)}: files: "{name}" is no name of a C file')
    return Lab(
        folder=folder,
        number=table["number"],
        title=table["title"],
        hours=str(table.get("hours", "")),
        files=tuple(table["files"]),
        interface=tuple(table.get("interface", [])),
        tests=read_tests(file, table),
    )
