"""Can anything a student writes fool or stop the grader?

An adversary is a patch of the starter, grader/proof/adversaries/<lab>/<name>.patch,
under a header:

    Attack: irq_push() divides by zero.
    Verdict: PANIC
    Regex: division by zero.* at lab_irq_push
    Test: nesting                       optional; else those in <lab>/tests

Where a patch would be long it is a folder instead, <name>/, with some of the lab's
files (the others are the starter's), and the header in a file `expect`, without
Attack, which the files tell.

At least one of the tests must have that verdict, the regex must match in what the
grader prints, and no test may pass.  It is a few tests, each on one number of
CPUs: to run all of them into their limits would take too long.

    python3 -m grader.proof adversaries [--lab N] [NAME ...]
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from grader.load import LABS, Lab
from grader.proof import trial
from grader.verdict import Verdict
from tools.machine.errors import Trouble


def read_expect(path: Path) -> dict[str, str]:
    """The fields of its header."""
    file = path / "expect" if path.is_dir() else path
    fields = trial.header_of(file.read_text(encoding="utf-8"))
    for key in ("Verdict", "Regex") if path.is_dir() else ("Attack", "Verdict", "Regex"):
        if not fields.get(key):
            raise Trouble(f"{file.relative_to(path.parent)} has no {key}:")
    return fields


def try_adversary(path: Path, lab: Lab) -> trial.Entry:
    """Grades one."""
    fields, name = read_expect(path), path.name.removesuffix(".patch")
    usual = (path.parent / "tests").read_text(encoding="utf-8").split()
    tests = re.split(r",\s*", fields["Test"]) if "Test" in fields else usual
    request = trial.trial_request(lab, f"adversary-{name}", trial.files_of(path, lab, LABS), tests)
    request = replace(request, narrow=True, confirm=True)
    got = trial.grade(request)
    wanted = Verdict(fields["Verdict"])
    words = ", ".join(dict.fromkeys(str(verdict) for verdict in got.verdicts.values()))
    passed = [name for name in got.verdicts if name not in got.failing]
    if wanted not in got.verdicts.values():
        words = f"expected {wanted}, got {words}"
    elif not re.search(fields["Regex"], got.text):
        words = f"{words}; nothing printed matches /{fields['Regex']}/"
    elif passed:
        words = f"{words}; these pass: {', '.join(passed)}"
    else:
        trial.remove_stage(request.implementation)
        return trial.Entry(name, True, words)
    return trial.Entry(name, False, words, got.text)


def main(words: list[str]) -> int:
    """Tries the adversaries that were named, or all."""
    chosen = trial.options("Can anything fool the grader?").parse_args(words)
    lab = trial.lab_of(chosen.lab)
    trial.prepare(lab)
    entries = trial.folders_of(lab, "adversaries", chosen.names)
    done = trial.run_all(entries, chosen.jobs, lambda path: try_adversary(path, lab))
    right = sum(entry.good for entry in done)
    print(f"{right} of {len(done)} adversaries have the right verdict")
    return 0 if right == len(done) else 1
