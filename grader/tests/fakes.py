"""A small tree to grade in, with a QEMU that is a shell script.

The tree has copies of the grader and the tools, a lab called 09-fake, and a
stage that "is built".  What the QEMU does is a few lines of shell, given by each
test: `frame words` writes a framed line, `say words` a plain one, $tests are the
names asked for, $cpus, $schedule and $token what the command line says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import grader  # noqa: F401  (it makes the modules in tools/ known)
from tools.machine.waiting import LAST_RESORT, wait_until

ROOT = Path(__file__).resolve().parents[2]

LAB = """\
number = 9
title = "A lab for tests"
hours = "1"
files = ["work.c"]
interface = ["printk"]

[[test]]
name = "first"
exercise = "9.1"
points = 60

[[test]]
name = "second"
exercise = "9.2"
points = 40
"""

QEMU = """\
#!/bin/sh
case "$1" in --version) echo "QEMU emulator version 7.2.22"; exit;; esac
while [ $# -gt 0 ]; do
    case "$1" in
    -serial) log=${2#file:} ;;
    -append) line=$2 ;;
    -smp) cpus=$2 ;;
    -chardev) case "$2" in *id=qmp*) qmp=${2##*fd=} ;; esac ;;
    esac
    shift
done
for word in $line; do
    case "$word" in
    token=*) token=${word#token=} ;;
    test=*) list=${word#test=} ;;
    sched=*|seed=*) schedule="$schedule$word " ;;
    esac
done
tests=$(echo "$list" | tr ',' '\\n' | sed 's/:.*//')
say() { printf '%s\\r\\n' "$*" >> "$log"; }
frame() { printf '\\n#@%s %s\\r\\n' "$token" "$*" >> "$log"; }
passes() { frame begin $1; frame end $1 ok runs=${2:-1}; }
echo "$line" >> "$BOOTS"
say "Signalbox, from a shell script"
. "$FAKE"
"""

# For ever; but for a QEMU that is to be asked by QMP where it is: that one has ended.
SILENCE = """
[ -z "$qmp" ] || exit 1
exec sleep infinity
"""

ALL_PASS = """\
frame ready
for test in $tests; do passes $test; done
frame done
exit 33
"""


@dataclass
class Done:
    """A grading that has ended."""

    status: int
    out: str
    err: str
    boots: list[str] = field(default_factory=list)  # the kernels' command lines

    @property
    def last(self) -> str:
        return self.out.rstrip("\n").splitlines()[-1]

    def verdict(self, test: str) -> str:
        """The word before that test."""
        for line in self.out.splitlines():
            if f" {test} " in line and not line.startswith(" "):
                return line.split()[0]
        return ""


class Tree:
    """Where a fake lab can be graded."""

    def __init__(self, root: Path):
        self.root = root
        self.stage = root / "build/09-fake"
        self.stage.mkdir(parents=True)
        (self.stage / "kernel.elf32").write_text("")
        self.lab = root / "labs/09-fake"
        self.lab.mkdir(parents=True)
        self.toml(LAB)
        shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pyc*"))
        (root / "grader").mkdir()
        for path in (ROOT / "grader").glob("*.py"):
            shutil.copy(path, root / "grader")
        self.bin = root / "bin"
        self.bin.mkdir()
        self.qemu = self.bin / "qemu-system-x86_64"
        self.qemu.write_text(QEMU)
        self.qemu.chmod(0o755)
        self.boots = root / "boots"
        self.fake(ALL_PASS)

    def toml(self, text: str) -> None:
        (self.lab / "lab.toml").write_text(text)

    def fake(self, behaviour: str) -> None:
        """What the QEMU does from now on."""
        (self.root / "fake").write_text(behaviour)

    def environment(self) -> dict[str, str]:
        path = f"{self.bin}:{os.environ['PATH']}"
        more = {"PATH": path, "FAKE": str(self.root / "fake"), "BOOTS": str(self.boots)}
        return os.environ | more | {"NO_COLOR": "", "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *options: str) -> list[str]:
        program = [sys.executable, "-m", "grader", "grade"]
        patience = str(LAST_RESORT)  # what is slow here has not halted
        return [*program, "--no-build", "--patience", patience, *options]

    def start(self, *options: str) -> subprocess.Popen[str]:
        """A grading that is not waited for."""
        return subprocess.Popen(
            self.command(*options),
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def grade(self, *options: str, **more: object) -> Done:
        """A grading."""
        self.boots.write_text("")
        done = subprocess.run(
            self.command(*options),
            cwd=self.root,
            env=self.environment() | more.pop("env", {}),  # type: ignore[operator]
            capture_output=True,
            text=True,
            timeout=LAST_RESORT,
            **more,  # type: ignore[call-overload]
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr, self.boots.read_text().splitlines())

    def wait_boot(self) -> None:
        """Until the QEMU has started."""
        wait_until(
            lambda: self.boots.exists() and self.boots.read_text(),
            lambda: AssertionError("the QEMU was never started"),
        )

    def qemus(self) -> list[int]:
        """The fakes that run."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if str(self.qemu).encode() in words:
                found.append(int(path.parent.name))
        return found
