"""Signalbox as a guest, to measure: ipcbench instead of init, and a kernel test."""

from __future__ import annotations

import re
from pathlib import Path

from bench.measure import Guest, output_of
from tools.machine import machine as m

AT_ONCE = 10  # rows: their names must fit into the kernel's command line
SWITCH = re.compile(r"^# bench switch (\d+)", re.MULTILINE)


class BenchMachine(m.Machine):
    """The machine of `make run`, with the benchmark's archive as its root."""

    @property
    def root(self) -> Path:
        return m.BUILD / "bench/root.cpio"


def guest(stage: str) -> Guest:
    """The stage, on one CPU."""

    def command(arguments: str, icount: bool) -> list[str]:
        words = f'console=serial panic=exit init="/bin/ipcbench {arguments}"'
        machine = BenchMachine(stage=stage, cpus=1, memory=512, icount=icount, append=words)
        return machine.qemu_command(["-serial", "stdio"])

    kernel = m.BUILD / stage / "kernel.elf32"
    return Guest("signalbox", (kernel, m.BUILD / "bench/root.cpio"), command, AT_ONCE)


def switch(stage: str, out: Path) -> float | None:
    """Instructions that a switch between two of the kernel's own threads takes."""
    machine = m.Machine(stage=stage, cpus=1, icount=True, append="test=bench/switch")
    text = output_of(machine.qemu_command(["-serial", "stdio"]), out / "switch.log")
    found = SWITCH.search(text)
    return float(found[1]) if found else None
