"""What can be said, from outside, about a kernel that could say nothing itself.

A triple fault leaves no panic text: the CPU could not deliver an exception, nor
the double fault about that.  But the same machine does the same again, so it
is run once more, with QEMU noting each interrupt, and the last exceptions
before the end are the explanation.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from tools.machine.machine import ROOT, Machine
from tools.machine.waiting import LAST_RESORT

# SDM 3A, 6.3.1.
EXCEPTIONS = {
    0: "divide error",
    1: "debug exception",
    2: "NMI",
    3: "breakpoint",
    6: "invalid opcode",
    8: "double fault",
    10: "invalid TSS",
    11: "segment not present",
    12: "stack segment fault",
    13: "general protection fault",
    14: "page fault",
    18: "machine check",
}

# As in: "  3: v=0e e=0002 i=0 cpl=0 IP=0008:ffffffff80101234 pc=... CR2=..."
INTERRUPT = re.compile(
    r"v=(?P<vector>[0-9a-f]{2}) e=(?P<error>[0-9a-f]{4}) .*?IP=\w+:(?P<rip>[0-9a-f]{16})"
    r".*?SP=\w+:(?P<rsp>[0-9a-f]{16})(?:.*?CR2=(?P<cr2>[0-9a-f]{16}))?"
)
BEFORE_TREE = re.compile(r".*/(?=(?:kernel|labs|solutions)/)")


def symbolize(kernel: Path, addresses: list[int]) -> list[str]:
    """ "function (file:line)" for each address."""
    command = ["addr2line", "-f", "-e", str(kernel), *[hex(a) for a in addresses]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    pairs = zip(lines[0::2], lines[1::2], strict=False)
    return [f"{function} ({BEFORE_TREE.sub('', place)})" for function, place in pairs]


def last_exceptions(interrupts: str, kernel: Path, count: int = 4) -> list[str]:
    """The last exceptions in QEMU's log of interrupts, in words."""
    found = [
        match for match in INTERRUPT.finditer(interrupts) if int(match["vector"], 16) in EXCEPTIONS
    ][-count:]
    if not found:
        return []
    places = symbolize(kernel, [int(match["rip"], 16) for match in found])
    lines = []
    for match, place in zip(found, places, strict=False):
        vector = int(match["vector"], 16)
        line = f"{EXCEPTIONS[vector]}, error {match['error']}, at {match['rip']} {place}"
        line += f", rsp {match['rsp']}"
        if vector == 14 and match["cr2"]:
            line += f", touching {match['cr2']}"
        lines.append(line)
    return lines


def triple_fault(machine: Machine, log: Path) -> str:
    """Explains a triple fault of this machine, by running it again; log: of interrupts."""
    serial = ["-serial", f"file:{log.with_suffix('.again')}"]
    command = machine.qemu_command(serial) + ["-d", "int,cpu_reset", "-D", str(log)]
    try:
        subprocess.run(
            command, cwd=ROOT, capture_output=True, timeout=LAST_RESORT, check=False
        )
        interrupts = log.read_text(errors="replace")
    except subprocess.TimeoutExpired:
        interrupts = ""
    text = "Triple fault: the CPU could deliver neither an exception nor the double fault\n"
    text += "about that.  Most often the stack or the descriptor tables are destroyed.\n"
    if "Triple fault" in interrupts:
        text += "The last exceptions:\n"
        for line in last_exceptions(interrupts, machine.kernel):
            text += f"    {line}\n"
    else:
        text += "It did not happen again by itself; so repeat, by hand, what led to it, under:\n"
    return text + f"All interrupts, with registers:\n    {shlex.join(command)}"
