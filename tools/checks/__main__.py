"""Checks everything: `make check` is this, after a build.

    tools/check                    all of it
    tools/check boot faults/null   those whose names begin so, or match a pattern
    tools/check --list             their names

Each check prints a line; a failing one what was expected, what came, the log,
and the command that repeats it.  The last line is "N passed, N failed", where
each test inside the kernel counts as one.  The exit status is 0 when none failed.

The checks themselves are beside this file, by theme.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time


from tools.checks.framework import CHECKS, LOGS, Failed, run_checks, select
from tools.machine.machine import DEFAULT_STAGE, ROOT, stage_words


def build(stage: str) -> None:
    """Brings the kernel and the ISO up to date; silent when they are."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", "--no-print-directory", "-s", "kernel", "iso", *stage_words(stage)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise Failed("the build failed: see above")


def main() -> int:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description="Check Signalbox.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the names, and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, metavar="N")
    parser.add_argument("--stage", default=DEFAULT_STAGE)
    options = parser.parse_args()
    # In the background of a script Ctrl-C is ignored, and so it would be by all
    # that is started here; some checks are about it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    try:
        chosen = select(options.names)
        if options.list:
            print("\n".join(sorted(made.name for made in chosen)))
            return 0
        LOGS.mkdir(parents=True, exist_ok=True)
        build(options.stage)
        totals = run_checks(chosen, options.stage, options.jobs)
    except Failed as failed:
        print(f"tools/check: {failed}")
        print("0 passed, 1 failed")
        return 1
    except KeyboardInterrupt:
        print("tools/check: stopped by Ctrl-C")
        return 130
    print(f"{len(chosen)} checks in {time.monotonic() - started:.0f} s", end="")
    print(f"; {totals.skipped} tests were skipped for want of CPUs" if totals.skipped else "")
    print(f"{totals.passed} passed, {totals.failed} failed")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    assert CHECKS
    sys.exit(main())
