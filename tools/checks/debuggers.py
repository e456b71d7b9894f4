"""`make gdb` with the kernel's commands, without a person; and Bochs's debugger."""

from __future__ import annotations

import re
import shlex
import sys

from tools.machine.boot import run_program
from tools.machine.machine import ROOT

from .framework import Context, check, expect, interactive

SCRIPT = """\
break thread_block
continue
delete
python print("== threads")
threads
python print("== running")
python gdb.execute("thread-bt %d" % int(gdb.parse_and_eval("$current()->id")))
python print("== cpus")
cpus
python print("== locks")
locks
python print("== wrong")
python
try:
    gdb.execute("thread-bt 4711")
except gdb.error as error:
    print("error:", error)
end
set var trace_enabled = 1
break thread_sleep_until
ignore $bpnum 40
continue
python print("== waiting")
threads
thread-bt 1
python print("== ktrace")
ktrace 5
python print("== console")
console 3
kill
quit
"""


def run_gdb(context: Context, script: str, append: str, cpus: int) -> dict[str, str]:
    """Runs the script; what it printed, by the headings "== name"."""
    log = context.log()
    commands = log.with_suffix(".gdb")
    commands.write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "tools.machine", "gdb", "--stage", context.stage]
    command += ["--cpus", str(cpus), "--append", append, "--icount"]
    command += ["--gdb-args", f"-batch -nx -x {shlex.quote(str(commands))}"]
    with interactive:
        run_program(command, log)
    pieces = re.split(r"^== (\w+)\n", log.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def expect_match(pieces: dict[str, str], name: str, pattern: str) -> None:
    """Part of GDB's output must match."""
    text = pieces.get(name)
    expect(text is not None, f"GDB did not come to {name}", name, "\n" + str(pieces)[-1500:])
    assert text is not None
    expect(
        re.search(pattern, text, re.MULTILINE) is not None,
        f"GDB's {name} looks wrong",
        f"a match of /{pattern}/",
        "\n" + text[-1500:],
    )


@check("debug/gdb", 8)
def gdb_session(context: Context) -> None:
    """Stops at kmain; then threads, backtraces, CPUs, locks, trace and console."""
    pieces = run_gdb(context, SCRIPT, "trace=1", 2)
    expect_match(pieces, "", r"hit Temporary breakpoint 1, kmain ")
    expect_match(pieces, "threads", r"^ +ID NAME +STATE +CPU +WHERE$")
    expect_match(pieces, "threads", r"^ +\d+ \S+ +running +\d  runs$")
    inside = re.findall(r"^.*  (?:switch_|sched_|context_switch).*", pieces["threads"], re.MULTILINE)
    expect(not inside, "`threads` shows the scheduler, not who called it", "the callers", inside)
    expect_match(pieces, "running", r"^#0 +.*thread_block")
    expect_match(pieces, "running", r"^#\d+ .*kernel/")
    expect_match(pieces, "cpus", r"^ +0 \d+ \S+ .*\+0x\w+ \(kernel/")
    expect_match(pieces, "cpus", r"^ +1 ")
    expect_match(pieces, "locks", r"^(No core lock is held|CPU \d holds)")
    expect_match(pieces, "wrong", r"error: .*thread-bt: there is no thread 4711")
    expect_match(pieces, "waiting", r"^ +1 reaper +blocked +\d  reap\+0x\w+ \(kernel/sched/")
    expect_match(pieces, "waiting", r"^thread 1 \(reaper\), blocked:\n +#0 .*\n +#1 .*kernel/")
    expect_match(pieces, "ktrace", r"^ +\d+\.\d{9} CPU \d thread \d+ +\w+")
    expect_match(pieces, "console", r"\S")


WAITS = """\
break wait_explain_deadlock
continue
python print("== waits")
waits
kill
quit
"""


@check("debug/gdb-waits", 5)
def gdb_waits(context: Context) -> None:
    """When no thread can run: who waits for what, and who holds it."""
    pieces = run_gdb(context, WAITS, "test=fault/ab_ba", 1)
    expect_match(
        pieces, "waits", r'^thread \d+ \(left\) waits for mutex "right fork", at left_then'
    )
    expect_match(pieces, "waits", r"^  held by thread \d+ \(right\), taken at right_then_left\+")
