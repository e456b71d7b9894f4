#!/usr/bin/env python3
"""Marks a lab: `make grade` is this.  README.md tells how; --help lists the options."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the package is `grader`

from grader.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
