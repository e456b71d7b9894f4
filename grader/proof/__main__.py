"""What tests the grader, program by program: see README.md.

    python3 -m grader.proof mutants|variants|adversaries|searches|soak --lab 1

--help after the word lists its options.
"""

import sys

from grader.cli import run_verb
from grader.proof import adversaries, mutants, searches, soak, variants

PROGRAMS = {
    "mutants": mutants.main,
    "variants": variants.main,
    "adversaries": adversaries.main,
    "searches": searches.main,
    "soak": soak.main,
}

if __name__ == "__main__":
    sys.exit(run_verb("grader.proof", PROGRAMS, sys.argv[1:]))
