"""Does the grader see mistakes?  Each mutant must fail the test meant for it.

A mutant is a patch of the reference, grader/proof/mutants/<lab>/<name>.patch, which
plants one mistake.  Its first lines say which, and who must see it:

    Mistake: irq_pop() turns interrupts on at every depth.
    Caught-by: nesting                  a test, several (all must fail), or "exercise 1.1"
    Verdict: WRONG                      or several: WRONG|PANIC
    Needs-seeds: yes                    optional: one plain run does not see it
    Explored-by: no_wakeup_lost         optional: searches.py finds it by this test

Only the tests of Caught-by are run; with --all every test, and a table shows
which tests see which mutants.

    python3 -m grader.proof mutants [--lab N] [NAME ...]
    python3 -m grader.proof mutants --all
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from grader.load import Lab
from grader.proof import trial
from grader.run import Replay
from grader.verdict import Verdict
from tools.machine.errors import Trouble
from tools.machine.machine import ROOT

LETTERS = {
    Verdict.PASS: ".",
    Verdict.WRONG: "W",
    Verdict.PANIC: "P",
    Verdict.TRIPLE_FAULT: "3",
    Verdict.DEADLOCK: "D",
    Verdict.HANG: "H",
    Verdict.TIMEOUT: "T",
    Verdict.NO_BOOT: "N",
    Verdict.BUILD: "B",
}
PLAIN = Replay(sched="fair", seed=1)


@dataclass(frozen=True)
class Mutant:
    """What a patch says of itself."""

    path: Path
    tests: tuple[str, ...]  # that must see it
    any_test: bool  # one of them is enough
    verdicts: tuple[Verdict, ...]
    needs_seeds: bool
    explored_by: str  # a test of which some schedules fail, or nothing

    @property
    def name(self) -> str:
        """Of the file."""
        return self.path.stem


def read_mutant(path: Path, lab: Lab) -> Mutant:
    """Reads the header."""
    fields = trial.header_of(path.read_text(encoding="utf-8"))
    for key in ("Mistake", "Caught-by", "Verdict"):
        if not fields.get(key):
            raise Trouble(f"{path.relative_to(ROOT)}: the header has no {key}:")
    words = fields["Caught-by"]
    exercise = re.fullmatch(r"exercise (\S+)", words)
    names = [test.name for test in lab.tests]
    if exercise:
        tests = [test.name for test in lab.tests if test.exercise == exercise[1]]
    else:
        tests = re.split(r",\s*", words)
    explored_by = fields.get("Explored-by", "")
    for name in [*(tests or [words]), *filter(None, [explored_by])]:
        if name not in names:
            raise Trouble(f"{path.relative_to(ROOT)}: there is no test {name}")
    try:
        verdicts = tuple(Verdict(word.strip()) for word in fields["Verdict"].split("|"))
    except ValueError as error:
        raise Trouble(f"{path.relative_to(ROOT)}: Verdict: {error}") from None
    seeds = fields.get("Needs-seeds", "no") == "yes"
    return Mutant(path, tuple(tests), bool(exercise), verdicts, seeds, explored_by)


def apply(mutant: Mutant, lab: Lab) -> Path:
    """A folder with the reference's files and the mistake in them."""
    return trial.files_of(mutant.path, lab, ROOT / "solutions")


def in_words(verdicts: dict[str, Verdict]) -> str:
    """Which tests failed, how."""
    return ", ".join(f"{verdict} in {name}" for name, verdict in verdicts.items())


def judge(mutant: Mutant, got: trial.Trial) -> tuple[bool, str]:
    """Was it caught by those meant for it, as its header says?"""
    failing = {name: got.failing[name] for name in mutant.tests if name in got.failing}
    missed = [name for name in mutant.tests if name not in failing]
    as_stated = {name: v for name, v in failing.items() if v in mutant.verdicts}
    if not failing or (missed and not mutant.any_test):
        meant = "any test of its exercise" if mutant.any_test else ", ".join(missed)
        return False, f"not seen by {meant}; " + (in_words(got.failing) or "all pass")
    if not as_stated or (len(as_stated) < len(failing) and not mutant.any_test):
        return False, f"expected {'|'.join(mutant.verdicts)}, got {in_words(failing)}"
    return True, in_words(failing)


def try_mutant(path: Path, lab: Lab, all_tests: bool) -> tuple[trial.Entry, dict[str, Verdict]]:
    """Grades one."""
    mutant = read_mutant(path, lab)
    tests = () if all_tests else mutant.tests
    request = trial.trial_request(lab, f"mutant-{mutant.name}", apply(mutant, lab), tests)
    got = trial.grade(request)
    good, words = judge(mutant, got)
    if good and mutant.needs_seeds:
        plain = replace(request, tests=mutant.tests, replay=PLAIN, build=False)
        seen = trial.grade(plain).failing
        if seen:
            good, words = False, f"it needs no seeds: a plain run has {in_words(seen)}"
        else:
            words += "; not by a plain run"
    if good:
        trial.remove_stage(request.implementation)
    return trial.Entry(mutant.name, good, words, "" if good else got.text), got.verdicts


def print_table(lab: Lab, rows: dict[str, dict[str, Verdict]]) -> None:
    """Mutants by tests: the columns are numbered in the order of lab.toml."""
    print()
    for number, test in enumerate(lab.tests, 1):
        print(f"{number:>3} {test.exercise} {test.name}")
    print()
    tens = "".join(str(n // 10 or " ") for n in range(1, len(lab.tests) + 1))
    ones = "".join(str(n % 10) for n in range(1, len(lab.tests) + 1))
    print(f"{'':<33}{tens}\n{'':<33}{ones}")
    for name, verdicts in sorted(rows.items()):
        letters = "".join(LETTERS[verdicts[test.name]] for test in lab.tests)
        print(f"{name:<33}{letters}")
    blind = [test.name for test in lab.tests
             if all(row[test.name] is Verdict.PASS for row in rows.values())]  # fmt: skip
    print(
        "\n. passes; " + ", ".join(f"{letter} {v}" for v, letter in LETTERS.items() if v != "PASS")
    )
    if blind:
        print("tests that see no mutant: " + ", ".join(blind))


def main(words: list[str]) -> int:
    """Tries the mutants that were named, or all."""
    parser = trial.options("Does the grader see mistakes?")
    parser.add_argument("--all", action="store_true", help="run all tests, print the table")
    chosen = parser.parse_args(words)
    lab = trial.lab_of(chosen.lab)
    trial.prepare(lab)
    rows: dict[str, dict[str, Verdict]] = {}

    def one(path: Path) -> trial.Entry:
        entry, rows[path.stem] = try_mutant(path, lab, chosen.all)
        return entry

    entries = trial.folders_of(lab, "mutants", chosen.names)
    done = trial.run_all(entries, chosen.jobs, one)
    if chosen.all:
        print_table(lab, rows)
    caught = sum(entry.good for entry in done)
    print(f"{caught} of {len(done)} mutants were caught by the tests meant for them")
    return 0 if caught == len(done) else 1
