"""The grader, by those who try to fool it: see grader/README.md.

The reference must have full marks, the starter none; each mutant must be caught
by the test meant for it, each variant have full marks, each adversary get the
verdict that it deserves; and a mark must not depend on how busy the machine is.
Each mutant, variant and adversary counts as one result.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.machine.machine import ROOT

from .framework import Context, check, expect

LABS = sorted(path.name for path in (ROOT / "labs").glob("[0-9][0-9]-*"))


def grader(program: str, *options: str) -> tuple[int, str]:
    """Runs one of the grader's programs: its exit status, and what it printed."""
    package = "grader" if program == "grade" else "grader.proof"
    command = [sys.executable, "-m", package, program, *options]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def trials(context: Context, program: str) -> None:
    """Counts "ok NAME" and "FAIL NAME" of mutants, variants and adversaries."""
    for lab in LABS:
        status, text = grader(program, "--lab", lab)
        for line in text.splitlines():
            if found := re.match(r"(ok  |FAIL) (\S+)", line):
                kind = context.results.passed if found[1] == "ok  " else context.results.failed
                kind.append(f"{program}/{found[2]}")
            if line.startswith(("FAIL", "     |")):
                context.note(line)
        expect(status == 0, f"grader.proof {program} fails", "status 0", f"{status}\n{text[-1500:]}")
        expect(bool(context.results.passed), f"there are no {program} of {lab}")
        context.note(text.splitlines()[-1])


@check("grade/mutants", 40)
def mutants(context: Context) -> None:
    """Each planted mistake fails the test that its header names."""
    trials(context, "mutants")


@check("grade/variants", 15)
def variants(context: Context) -> None:
    """Each other correct solution has full marks."""
    trials(context, "variants")


@check("grade/adversaries", 30)
def adversaries(context: Context) -> None:
    """Each broken or hostile submission gets its verdict, and a line that helps."""
    trials(context, "adversaries")


@check("grade/reference", 6)
def reference(context: Context) -> None:
    """100 of 100, with the last line and the exit status that scripts rely on."""
    for lab in LABS:
        status, text = grader("grade", "--lab", lab, "--impl", "solutions")
        last = text.splitlines()[-1]
        expect(last == f"lab {lab}: 100/100" and status == 0, "the reference loses points",
               f"lab {lab}: 100/100, status 0", f"{last}, status {status}")  # fmt: skip


@check("grade/starter", 6)
def starter(context: Context) -> None:
    """A starter builds, boots and fails its tests cleanly, in words.

    A test that an empty lock passes as well (nothing is taken, nothing can go
    wrong) may give a point or two.
    """
    for lab in LABS:
        status, text = grader("grade", "--lab", lab)
        last = text.splitlines()[-1]
        mark = re.fullmatch(rf"lab {lab}: (\d+)/100", last)
        expect(bool(mark) and int(mark[1]) <= 3 and status == 1, "the starter's mark is wrong",
               f"lab {lab}: at most 3/100, status 1", f"{last}, status {status}")  # fmt: skip
        bad = re.findall(r"^(INFRA|BUILD|NO-BOOT|TIMEOUT|TRIPLE-FAULT).*", text, re.MULTILINE)
        expect(not bad, "the starter does not fail cleanly", "WRONG, PANIC or HANG", bad)


@check("grade/soak", 20)
def soak(context: Context) -> None:
    """A few gradings on a busy machine are the same; `make soak N=200` for more."""
    status, text = grader("soak", "--lab", LABS[-1], "--impl", "solutions", "--runs", "3")
    expect(status == 0, "marks differ", "the same", text[-1500:])
    context.note(text.splitlines()[-1])


@check("grade/tools", 20)
def tests_of_the_grader(context: Context) -> None:
    """pytest over canned logs and false QEMUs."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["grader/tests", "grader/proof/tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, "pytest fails", "success", done.stdout[-3000:] + done.stderr)
    context.note(done.stdout.splitlines()[-1])


@check("source/starters")
def starters(context: Context) -> None:
    """The files in labs/ are those in solutions/ without what the markers enclose."""
    with tempfile.TemporaryDirectory() as scratch:
        for solution in sorted((ROOT / "solutions").glob("*/*.[ch]")):
            made = Path(scratch, "starter.c")
            command = ["unifdef", "-x", "2", "-USOLUTION", "-o", str(made), str(solution)]
            subprocess.run(command, check=True)
            starter = ROOT / "labs" / solution.relative_to(ROOT / "solutions")
            same = starter.exists() and starter.read_bytes() == made.read_bytes()
            expect(same, f"{starter.relative_to(ROOT)} is not what make starters makes")
