"""The grader's two programs: `make grade` and `make explore` are these.

    python3 -m grader grade --lab 1                         README.md tells how
    python3 -m grader explore --lab 3 --test 03/condition   all schedules of a test

--help after a word lists its options.
"""

import sys

from grader.cli import grade, run_verb
from grader.explore import explore

if __name__ == "__main__":
    sys.exit(run_verb("grader", {"grade": grade, "explore": explore}, sys.argv[1:]))
