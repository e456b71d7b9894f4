"""The tools import one another as top-level modules; so do their tests."""

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOOLS), str(TOOLS / "course"), str(TOOLS.parent)]
