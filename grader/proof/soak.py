"""Does a mark depend on how busy the machine is?

Grades a lab N times while every core is kept busy by something else, and fails
when two gradings differ in anything: a verdict, or the seed that failed.

    python3 -m grader.proof soak [--lab N] [--impl labs|solutions|DIR] [--runs N] [--busy N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.grading import Request, default_jobs
from grader.implementation import Implementation, choose_implementation
from grader.proof import trial
from tools.machine.machine import guarded

BUSY = "while True: pass"


@contextmanager
def busy_machine(count: int) -> Iterator[None]:
    """So many processes that do nothing but use a core."""
    command = guarded([sys.executable, "-S", "-c", BUSY])
    processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def fingerprint(got: trial.Trial) -> dict[str, str]:
    """What must not differ, for each test."""
    marks = {"the mark": f"{got.outcome.points}, extra {got.outcome.extra}"}
    for result in got.outcome.results:
        finding = result.finding
        words = f"{result.verdict}"
        if finding and not finding.passed:
            words += f" on {finding.case.cpus} CPUs"
            words += f" with {finding.schedule}: {finding.summary}" if finding.schedule else ""
        marks[result.test.name] = words
    return marks


def keep_logs(implementation: Implementation, run: int) -> Path:
    """The logs of a run that differs, where the next one does not overwrite them."""
    kept = implementation.build / f"soak-{run}"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(implementation.build / "grade", kept)
    return kept


def soak(request: Request, runs: int) -> int:
    """Grades so many times; how many runs differ from the first."""
    first: dict[str, str] = {}
    seconds: list[float] = []
    different = 0
    for run in range(1, runs + 1):
        started = time.monotonic()
        got = fingerprint(trial.grade(request))
        seconds.append(time.monotonic() - started)
        first = first or got
        differ = [name for name in got if got[name] != first[name]]
        if differ:
            different += 1
            kept = keep_logs(request.implementation, run)
            print(f"run {run} differs from run 1; its logs are in {kept}")
            for name in differ:
                print(f"    {name}: {first[name]}; now {got[name]}")
        print(f"run {run}: {got['the mark']} in {seconds[-1]:.1f} s", flush=True)
    times = f"{min(seconds):.1f} to {max(seconds):.1f} s, median {statistics.median(seconds):.1f}"
    print(f"{runs} gradings on a busy machine, {times}: {different} differ from the first")
    return different


def main(words: list[str]) -> int:
    """Soaks."""
    parser = argparse.ArgumentParser(description="Does a mark depend on the load?")
    parser.add_argument("--lab", default="", metavar="N")
    parser.add_argument("--impl", default="solutions", metavar="labs|solutions|DIR")
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, metavar="PROCESSES")
    options = parser.parse_args(words)
    implementation = choose_implementation(trial.lab_of(options.lab), options.impl)
    request = Request(implementation, jobs=default_jobs())
    with busy_machine(options.busy):
        return 1 if soak(request, options.runs) else 0
