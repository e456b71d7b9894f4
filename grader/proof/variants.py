"""Is the grader fair?  Every variant, another correct implementation, has full marks.

A variant is a folder grader/proof/variants/<lab>/<name>/ with all of the lab's files, or,
if it differs from the reference in few lines, a patch of that, <name>.patch.  It need
not do the challenges.

    python3 -m grader.proof variants [--lab N] [NAME ...]
"""

from __future__ import annotations

from pathlib import Path

from grader.load import Lab
from grader.proof import trial
from tools.machine.machine import ROOT


def try_variant(path: Path, lab: Lab) -> trial.Entry:
    """Grades one with all tests."""
    name, folder = path.name.removesuffix(".patch"), trial.files_of(path, lab, ROOT / "solutions")
    missing = [file for file in lab.files if not (folder / file).exists()]
    if missing:
        return trial.Entry(name, False, f"{', '.join(missing)} is missing")
    request = trial.trial_request(lab, f"variant-{name}", folder)
    got = trial.grade(request)
    challenges = {test.name for test in lab.tests if not test.points}
    good = got.outcome.points == got.outcome.of and not set(got.failing) - challenges
    if good:
        trial.remove_stage(request.implementation)
    words = f"{got.outcome.points}/{got.outcome.of}"
    return trial.Entry(name, good, words, got.text)


def main(words: list[str]) -> int:
    """Tries the variants that were named, or all."""
    chosen = trial.options("Is the grader fair?").parse_args(words)
    lab = trial.lab_of(chosen.lab)
    trial.prepare(lab)
    entries = trial.folders_of(lab, "variants", chosen.names)
    done = trial.run_all(entries, chosen.jobs, lambda path: try_variant(path, lab))
    full = sum(entry.good for entry in done)
    print(f"{full} of {len(done)} variants have full marks")
    return 0 if full == len(done) else 1
