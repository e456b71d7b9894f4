"""What `make explore` says of how a search ended, and what it does not search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.build import Implementation
from grader.explore import HANG, End, Exploration, report
from grader.load import Lab

LAB = Lab(Path("labs/09-fake"), 9, "", "", ("work.c",), (), ())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("# deadlock in 09/first with sched=explore:7.0 seed=1", "a deadlock, no thread can run"),
        ("# hang in 09/first with sched=explore:7.0 seed=1", "it hangs"),
    ],
)


def test_a_deadlock_is_no_hang(capsys, line: str, words: str) -> None:
    done = Exploration(f"KTAP version 1\n{line}\n", End(HANG))
    assert report(Implementation(LAB, "labs"), "09/first", "explore:7.0", done) == 1
    out = capsys.readouterr().out
    assert f"09/first: {words}" in out
    assert "SCHED=explore:7.0" in out


def test_what_is_not_made_for_it_is_refused_at_once(tree) -> None:
    command = [sys.executable, "-m", "grader", "explore", "--lab", "9", "--test", "09/first"]
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("explore: 09/first is not made for this; TEST= one of: ")
    assert done.stderr.count("\n") == 1
