"""Does the search find lost wake-ups?  And can what it finds be run again?

For each mutant with a line "Explored-by: TEST" (see mutants.py) all schedules of
that test are run (see explore.py): some must fail, and each of those that are
listed must fail alone, in a boot of its own, by its schedule string.  If the
mutant needs seeds, the test passes when it is left alone.

    python3 -m grader.proof searches [--lab N] [NAME ...]
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.build import build
from grader.explore import run
from grader.implementation import Implementation
from grader.load import Lab
from grader.proof import trial
from grader.proof.mutants import Mutant, apply, read_mutant
from tools.machine.machine import HANG, PANIC, TESTS_FAILED, TESTS_PASSED

FAILURES = (TESTS_FAILED, HANG, PANIC)
UNFIT = "the schedule does not fit the run"


def replay(stage: str, test: str, schedule: str) -> str:
    """Runs one alone: what is wrong with that, or nothing."""
    again = run(stage, test, schedule)
    if again.end.status not in FAILURES:
        return f"{schedule} alone: {again.end.words}"
    if UNFIT in again.text:
        return f"{schedule} alone: {UNFIT}"
    if not re.search(r"^place \d+: thread", again.text, re.MULTILINE):
        return f"{schedule} alone: it does not say what it forces"
    return ""


def look(mutant: Mutant, stage: str, test: str) -> tuple[bool, str]:
    """Searches, and tries what was found."""
    if mutant.needs_seeds:
        plain = run(stage, test, "fair")
        if plain.end.status != TESTS_PASSED:
            return False, f"left alone, {test} fails already: {plain.end.words}"
    found = run(stage, test, "explore")
    if found.end.status not in FAILURES or not found.schedule:
        return False, f"not found by {test}: {found.end.words}"
    schedules = [schedule for schedule in found.schedules if schedule != "explore:"]
    wrong = [words for schedule in schedules if (words := replay(stage, test, schedule))]
    if wrong:
        return False, "; ".join(wrong)
    counts = "{1} of {0} schedules".format(*found.counts) if found.counts else "a schedule"
    return True, f"{counts} of {test}, as {found.schedule}; {len(schedules)} run again"


def try_search(path: Path, lab: Lab) -> trial.Entry:
    """Searches one mutant."""
    mutant = read_mutant(path, lab)
    implementation = Implementation(lab, f"search-{mutant.name}", apply(mutant, lab))
    failure = build(implementation)
    if failure:
        return trial.Entry(mutant.name, False, failure.summary)
    good, words = look(mutant, implementation.stage, f"{lab.suite}/{mutant.explored_by}")
    if good:
        trial.remove_stage(implementation)
    return trial.Entry(mutant.name, good, words)


def main(words: list[str]) -> int:
    """Searches the mutants that were named, or all that have an Explored-by."""
    chosen = trial.options("Does the search find lost wake-ups?").parse_args(words)
    lab = trial.lab_of(chosen.lab)
    trial.prepare(lab)
    paths = trial.folders_of(lab, "mutants", chosen.names)
    paths = [path for path in paths if read_mutant(path, lab).explored_by]
    done = trial.run_all(paths, chosen.jobs, lambda path: try_search(path, lab))
    found = sum(entry.good for entry in done)
    print(f"{found} of {len(done)} mutants were found by running all schedules")
    return 0 if done and found == len(done) else 1
