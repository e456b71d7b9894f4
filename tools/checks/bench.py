"""The benchmark: it runs, gives the same figures twice, and no row is above its bar.

Guest instructions under icount do not depend on how busy the machine is, so a row
above its bar is a failure.  Linux is left out: nothing here needs a network.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from typing import Any

from tools.machine.machine import ROOT, stage_words

from .framework import LOGS, Context, check, expect
from .source import make


def targets() -> list[dict[str, Any]]:
    """The rows, as bench/targets.toml has them."""
    text = (ROOT / "bench/targets.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["row"]
    return rows


def gated(context: Context) -> list[dict[str, Any]]:
    """The rows that have a bar, of the labs that the stage has unlocked."""
    lab = int(context.stage.partition("-")[0])
    return [row for row in targets() if "bar" in row and row.get("lab", 0) <= lab]


def costs(context: Context, name: str) -> dict[str, float]:
    """Runs `make bench`, with nothing kept from before: instructions by row."""
    names = " ".join(row["name"] for row in gated(context))
    out = LOGS / name
    shutil.rmtree(out, ignore_errors=True)
    words = ["BENCH_LINUX=0", f"BENCH_OUT={out.relative_to(ROOT)}", f"ROWS={names}"]
    status, text, _ = make("bench", *words, *stage_words(context.stage))
    expect(status == 0, "make bench fails", "success", text[-1500:])
    rows = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    for row in rows:
        expect(row["signalbox"] is not None, f"no figure of {row['name']}", "one", text[-1500:])
    return {row["name"]: row["signalbox"] for row in rows}


@check("bench/targets", 8)
def bench_targets(context: Context) -> None:
    """No row costs more than its bar, and a second run says the same."""
    first, second = costs(context, "bench"), costs(context, "bench-again")
    expect(first == second, "two runs give other figures: they should be the same", first, second)
    above = []
    for row in gated(context):
        cost = first[row["name"]]
        words = f"{row['name']} costs {cost:,.0f} instructions; the bar is {row['bar']:,}"
        context.note(words)
        if round(cost) > row["bar"]:
            above.append(words)
    expect(
        not above,
        "slower than bench/targets.toml allows (a compiler newer than GCC_KNOWN in"
        " mk/tools.mk may be why)",
        "at most the bar",
        "; ".join(above),
    )


@check("bench/rows")
def bench_rows(_: Context) -> None:
    """Every row of ipcbench.c has its lines in targets.toml, in the same order."""
    program = (ROOT / "bench/ipcbench.c").read_text(encoding="utf-8")
    names = re.findall(r'^\t\{ "(\w+)",', program, re.MULTILINE)
    listed = [row["name"] for row in targets() if row["name"] != "switch"]
    expect(names == listed, "targets.toml and ipcbench.c differ in their rows", names, listed)
