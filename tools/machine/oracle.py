"""Runs the portable user tests on this machine's Linux: `make oracle`.

    tools/oracle --programs build/user [NAME...]

Those of the labs, labs/NN-name/tests/NAME.c, go by the name NN/NAME; only the
stage that was built has its programs.

A test that fails here is wrong, since Linux is what Signalbox imitates.  Each
test program runs in a temporary directory.  One whose source says "Not for
Linux: why" is only built.  Prints KTAP, a result for each program, and what the
program printed before it when it failed; the last line is "# N passed, M failed".
The exit status is 0 when none failed.
"""

from __future__ import annotations

import argparse
import difflib
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.machine.machine import ROOT
from tools.machine.waiting import LAST_RESORT

SOURCES = ROOT / "user" / "tests"
NOT_HERE = re.compile(r"Not for Linux: ([^.]*)\.")


@dataclass(frozen=True)
class Run:
    """A test program, and what is special about this run of it."""

    name: str
    title: str
    environment: dict[str, str]


def source_of(name: str) -> Path:
    """user/tests/fork.c for fork, labs/03-blocking/tests/pthreads.c for 03/pthreads."""
    if "/" not in name:
        return SOURCES / f"{name}.c"
    lab, test = name.split("/")
    return next(ROOT.glob(f"labs/{lab}-*/tests/{test}.c"), SOURCES / f"{name}.c")


def program_of(name: str, programs: Path) -> Path:
    """Where make has put it."""
    return programs / (name if "/" in name else f"tests/{name}")


def all_names(programs: Path) -> list[str]:
    """Every test that was built."""
    names = sorted(path.stem for path in SOURCES.glob("*.c"))
    for source in sorted(ROOT.glob("labs/[0-9]*/tests/*.c")):
        name = f"{source.parts[-3][:2]}/{source.stem}"
        if not source.stem.startswith("k_") and program_of(name, programs).exists():
            names.append(name)
    return names


def why_not(name: str) -> str | None:
    """Why the test cannot run here, in the words of its source."""
    text = source_of(name).read_text(encoding="utf-8")
    found = NOT_HERE.search(" ".join(text.replace("\n *", " ").split()))
    return found[1] if found else None


def runs(names: list[str], programs: Path) -> list[Run]:
    """What is to be run.  The shell's tests run with this machine's shell, which
    judges the tests, and then with ours."""
    found = []
    for name in names:
        found.append(Run(name, name, {}))
        if name == "shell":
            ours = {"TEST_SHELL": str((programs / "sh").resolve())}
            found.append(Run(name, "shell/ours", ours))
    return found


def kill_session(session: int) -> None:
    """Kills a program with its children, in whatever group they are."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The fields after the name in parentheses: state ppid pgrp session
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, IndexError):
            pass


def run(this: Run, programs: Path) -> str:
    """Runs it: what it printed when it failed, or nothing."""
    program = program_of(this.name, programs).resolve()
    with tempfile.TemporaryDirectory(prefix="oracle.") as directory:
        os.chmod(directory, 0o755)  # tests become other users
        environment = {"PATH": os.environ["PATH"], "TMPDIR": directory, **this.environment}
        with subprocess.Popen(
            [program],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                text, _ = process.communicate(timeout=LAST_RESORT)
            except subprocess.TimeoutExpired:
                kill_session(process.pid)
                text, _ = process.communicate()
                return text.decode(errors="replace") + "# it does not end\n"
    status = process.returncode
    return "" if status == 0 else text.decode(errors="replace") + f"# exit status {status}\n"


def main() -> int:
    """Runs those that were named, or all."""
    parser = argparse.ArgumentParser(description="Run the user tests on Linux.")
    parser.add_argument("--programs", type=Path, default=ROOT / "build" / "user")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print("oracle: the programs are for Linux on x86-64, and this is no such machine")
        return 1
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    known = all_names(options.programs)
    names = options.names or known
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1) or [", ".join(known)]
            print(f"oracle: there is no test {name}; there is {close[0]}", file=sys.stderr)
            return 1
    reasons = {name: why_not(name) for name in names}
    planned = runs([name for name in names if not reasons[name]], options.programs)
    passed = failed = 0
    print(f"KTAP version 1\n1..{len(planned)}")
    print("".join(f"# not here: {name}: {why}\n" for name, why in reasons.items() if why), end="")
    for number, this in enumerate(planned, 1):
        output = run(this, options.programs)
        print("".join(f"# {line}\n" for line in output.splitlines()), end="")
        print(f"{'not ok' if output else 'ok'} {number} - {this.title}", flush=True)
        passed += not output
        failed += bool(output)
    print(f"# {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
