"""Tries of the grader itself: one implementation, graded, and what came of it.

mutants.py, variants.py and adversaries.py grade many implementations whose
verdicts are known beforehand, two at a time, each with its own stage in build/.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from grader.build import build
from grader.grading import Grading, Request
from grader.implementation import Implementation
from grader.load import Lab, find_lab, load_lab
from grader.report import Report
from grader.verdict import Outcome, Verdict
from grader.watch import Limits
from tools.machine.boot import kill_all
from tools.machine.errors import Trouble
from tools.machine.machine import BUILD

PROOF = Path(__file__).resolve().parent
LIMITS = Limits(patience=5.0)
DETAILS = 60  # lines of a report


@dataclass
class Trial:
    """A grading that has ended, and what it printed."""

    outcome: Outcome
    text: str

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Of each test."""
        results = self.outcome.results
        return {result.test.name: result.verdict for result in results if result.verdict}

    @property
    def failing(self) -> dict[str, Verdict]:
        """Of each that did not pass."""
        return {name: got for name, got in self.verdicts.items() if got is not Verdict.PASS}


def grade(request: Request) -> Trial:
    """Grades, and keeps quiet."""
    out = io.StringIO()
    report = Report(request.implementation, out)
    outcome = Grading(request, report).run()
    report.last_line(outcome, whole=True)
    if outcome.void:
        first = outcome.void[0].finding
        raise Trouble(f"{request.implementation.stage}: {first.summary if first else ''}")
    return Trial(outcome, out.getvalue())


def trial_request(lab: Lab, name: str, files: Path, tests: Iterable[str] = ()) -> Request:
    """Grades the files in a folder, one boot at a time, and does not look closer."""
    implementation = Implementation(lab, name, files)
    return Request(implementation, tuple(tests), jobs=1, confirm=False, limits=LIMITS)


def remove_stage(implementation: Implementation) -> None:
    """What was as expected leaves nothing behind."""
    shutil.rmtree(implementation.build, ignore_errors=True)


def header_of(text: str) -> dict[str, str]:
    """The fields "Name: words" before a patch begins, or in a file of their own."""
    return dict(re.findall(r"^([\w-]+): *(.*)$", text.partition("\n--- ")[0], re.MULTILINE))


def patched(patch: Path, source: Path, files: Iterable[str], to: Path) -> Path:
    """A folder with these files as the patch changes them; it must apply without fuzz."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    for file in files:
        shutil.copy(source / file, to)
    target = re.search(r"^\+\+\+ (\S+)", patch.read_text(encoding="utf-8"), re.MULTILINE)
    if not target:
        raise Trouble(f"{patch.stem}: this is no patch")
    strip = target[1].count("/")
    command = ["patch", "--batch", "--silent", "--no-backup-if-mismatch", "--fuzz=0"]
    command += [f"--strip={strip}", f"--input={patch}"]
    done = subprocess.run(command, cwd=to, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{patch.stem}: the patch does not apply: {done.stdout.splitlines()[:1]}")
    return to


def files_of(entry: Path, lab: Lab, source: Path) -> Path:
    """The folder with an entry's files: itself, or for a patch the source's, changed."""
    if entry.is_dir():
        return entry
    kind = entry.parent.parent.name
    return patched(entry, source / lab.name, lab.files, BUILD / kind / lab.name / entry.stem)


@dataclass(frozen=True)
class Entry:
    """What came of one entry."""

    name: str
    good: bool
    words: str
    details: str = ""


def folders_of(lab: Lab, kind: str, chosen: list[str]) -> list[Path]:
    """The entries in grader/proof/<kind>/<lab>/, or those that are named."""
    folder = PROOF / kind / lab.name
    paths = [path for path in sorted(folder.glob("*")) if path.suffix == ".patch" or path.is_dir()]
    known = {path.name.removesuffix(".patch"): path for path in paths}
    for name in chosen:
        if name not in known:
            raise Trouble(f"there is no {name} in grader/proof/{kind}/{lab.name}/")
    return [path for name, path in known.items() if not chosen or name in chosen]


def prepare(lab: Lab) -> None:
    """Builds the given kernel once, before several makes run at the same time."""
    failure = build(Implementation(lab, "solutions"))
    if failure:
        raise Trouble(f"the reference does not build: {failure.summary}")


def run_all(entries: list[Path], jobs: int, one: Callable[[Path], Entry]) -> list[Entry]:
    """Every entry, several at a time; a line for each as it is known."""
    done = []

    def guarded(path: Path) -> Entry:
        try:
            return one(path)
        except Trouble as trouble:
            return Entry(path.name.removesuffix(".patch"), False, str(trouble))

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(guarded, entry) for entry in entries]
        try:
            for future in as_completed(futures):
                got = future.result()
                done.append(got)
                print(f"{'ok  ' if got.good else 'FAIL'} {got.name:<32} {got.words}", flush=True)
                if got.details and not got.good:
                    for line in got.details.splitlines()[:DETAILS]:
                        print(f"     | {line}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise
    return sorted(done, key=lambda got: got.name)


def options(description: str) -> argparse.ArgumentParser:
    """What all these programs take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--lab", default="", metavar="N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    return parser


def lab_of(word: str) -> Lab:
    """The lab with that number or name."""
    return load_lab(find_lab(word))
