"""Bochs: its configuration, its symbols, and the command that starts it.

Debian's Bochs has its debugger built in, and always starts in it.  So it is
given a script for the debugger: load the kernel's symbols, and then either
continue and quit when the guest has switched off, or leave the prompt to a
person, who may then say `lb "thread_block"`, `c`, `trace on`, `print-stack`.

The kernel switches off by way of port 0x8900; COM1 is drained before that.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from string import Template

from tools.machine.machine import ROOT, Machine

SHARE = Path("/usr/share/bochs")
LIBRARIES = (Path("/usr/lib"), Path("/usr/local/lib"))


def display_library(window: bool) -> str:
    """The name of a display that works here.

    Without a desktop it is `rfb`: it serves the screen to a VNC viewer on
    127.0.0.1:5900, and with timeout=0 does not wait for one.
    """
    if window and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        for name in ("x", "sdl2", "sdl"):
            for folder in LIBRARIES:
                if any(folder.glob(f"**/bochs/plugins/libbx_{name}_gui.so")):
                    return name
    return 'rfb, options="timeout=0"'


def write_symbols(kernel: Path, symbols: Path) -> None:
    """The kernel's functions and objects, as Bochs's `ldsym` reads them."""
    listing = subprocess.run(["nm", kernel], check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in listing.splitlines())
    lines = [f"{row[0]} {row[2]}\n" for row in rows if len(row) == 3 and row[1] in "TtDdBb"]
    symbols.write_text("".join(lines), encoding="utf-8")


def bochs_command(
    machine: Machine, serial: str, log: Path, *, window: bool = False, debug: bool = False
) -> list[str]:
    """Writes the files that Bochs reads, beside its log; returns the command.

    serial: the terminal that COM1 is.  debug: stay at the debugger's prompt.
    """
    rc = log.with_suffix(".bochsrc")
    symbols = log.with_suffix(".sym")
    script = log.with_suffix(".debugger")
    template = Template((ROOT / "tools/bochs/bochsrc").read_text(encoding="utf-8"))
    rc.write_text(
        template.substitute(
            cpus=machine.cpus,
            memory=machine.memory,
            share=SHARE,
            display=display_library(window),
            iso=machine.image("bochs"),
            serial=serial,
            log=log,
        ),
        encoding="utf-8",
    )
    write_symbols(machine.kernel, symbols)
    lines = [f'ldsym global "{symbols}"'] + ([] if debug else ["c", "q"])
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["bochs", "-q", "-f", str(rc), "-rc", str(script)]
