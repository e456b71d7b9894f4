"""The kernel without kernel/linux: what any Unix has, and the labs.

What cannot be left out is not compatibility.  `make LINUX=0` leaves kernel/linux
out of the wildcard; the rest links, boots, and passes the tests inside the kernel
of each lab, and the programs that need nothing of it.  A program that does need
it says so in its first comment, with what it needs:

    * Needs kernel/linux: terminals.
"""

from __future__ import annotations

import re
from pathlib import Path

from tools.machine.machine import ROOT, stage_words

from .framework import Context, check, expect
from .kernel_tests import run_tests
from .source import make

NEEDS = re.compile(r"^ \* Needs kernel/linux: (\S[^\n]*)", re.MULTILINE)
AT_ONCE = 8  # programs in one boot: a command line has an end


def small_stage(context: Context, lab: str) -> str:
    """Builds it for a lab; the name of the stage."""
    part = context.stage.split(".", 1)[1:]
    stage = ".".join([lab, *part])
    status, text, _ = make("kernel", "LINUX=0", *stage_words(stage))
    expect(status == 0, f"make kernel LINUX=0 LAB={lab}", "status 0", f"{status}\n{text[-1500:]}")
    return f"{stage}.small"


def labs() -> list[str]:
    """The labs, by folder."""
    return sorted(path.name for path in (ROOT / "labs").glob("[0-9][0-9]-*"))


def programs(lab: str) -> list[str]:
    """The programs that need nothing of kernel/linux, nor a person outside."""
    sources = {f"user/{path.stem}": path for path in (ROOT / "user/tests").glob("*.c")}
    for path in (ROOT / "labs" / lab / "tests").glob("*.c"):
        if not path.name.startswith("k_") and not path.with_suffix(".py").exists():
            sources[f"{lab[:2]}/{path.stem}"] = path
    return sorted(name for name, path in sources.items() if not reason(path))


def reason(path: Path) -> str:
    """Why a program needs kernel/linux; "" if it does not."""
    found = NEEDS.search(path.read_text(encoding="utf-8"))
    return found[1] if found else ""


@check("small/tests", 60)
def small_tests(context: Context) -> None:
    """All tests inside the kernel, of each lab, in a kernel without linux/."""
    for lab in labs():
        stage = small_stage(context, lab)
        run_tests(context, context.machine(stage=stage, cpus=2, append="test=all"))


@check("small/programs", 60)
def small_programs(context: Context) -> None:
    """The programs that need nothing of linux/, on a kernel without."""
    lab = labs()[-1]
    stage = small_stage(context, lab)
    chosen = programs(lab)
    expect(len(chosen) > 15, "too few programs do without linux/", "more than 15", chosen)
    for start in range(0, len(chosen), AT_ONCE):
        append = "test=" + ",".join(chosen[start : start + AT_ONCE])
        run_tests(context, context.machine(stage=stage, cpus=2, append=append))
