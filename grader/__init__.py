"""Marks a lab: builds a stage, boots it, reads its serial log, and says why.

The machine, and running it, are the tools' (tools/machine.py, tools/boot.py):
they import one another as top-level modules, so their folder is on the path.
"""

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
if str(TOOLS) not in sys.path:
    sys.path.append(str(TOOLS))
