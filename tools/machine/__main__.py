"""Starts the machine for a person: `make run`, `make test`, `make gdb`, `make bochs`, `make console`.

    python3 -m tools.machine run | gdb | bochs | console    --help lists the options
"""

import sys

from tools.machine.verbs import main

if __name__ == "__main__":
    sys.exit(main())
