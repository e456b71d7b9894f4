"""Linux as a guest, to compare with: where its kernel comes from, and its machine.

The kernel is that of Debian's package linux-image-amd64: fetched by apt-get, taken
out of the package into build/linux/, and never installed.  A vmlinuz-* that lies
there already is used instead, wherever it has come from.  It starts with the same
archive as Signalbox, and first runs /bin/linux_init, which becomes ipcbench.

It has one CPU: under -icount several of them do not work for a Linux guest.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.measure import Guest
from tools.machine import debian
from tools.machine import machine as m

PACKAGE = "linux-image-amd64"  # depends on the one that has the kernel
FOLDER = m.BUILD / "linux"
ARCHIVE = m.BUILD / "bench/root.cpio"

# QEMU executes RDRAND as a call to the host, outside of the count.
CPU = "max,-rdrand,-rdseed"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
WORDS = "console=ttyS0 quiet panic=-1 nokaslr norandmaps rdinit=/bin/linux_init"


def kernel() -> Path:
    """The newest kernel in build/linux/, fetched when there is none; or NoPackage."""
    if found := sorted(FOLDER.glob("vmlinuz-*")):
        return found[-1]
    FOLDER.mkdir(parents=True, exist_ok=True)
    depends = debian.output(FOLDER, "apt-cache", "depends", PACKAGE)
    if not (package := re.search(r"Depends: (linux-image-\S+)", depends)):
        raise debian.NoPackage(f"apt knows no package {PACKAGE}; perhaps after `apt-get update`")
    print(f"Fetching {package[1]}, about 70 MB, once; it is not installed.", flush=True)
    return debian.package_file(package[1], "vmlinuz-*", FOLDER)


def guest(image: Path, mitigations: bool = True) -> Guest:
    """That kernel; without mitigations against speculation, if so wanted."""
    off = "" if mitigations else " mitigations=off"

    def command(arguments: str, icount: bool) -> list[str]:
        start = [m.QEMU, "-nodefaults", "-machine", m.BOARD, "-accel", "tcg", "-cpu", CPU]
        start += ["-m", "512", "-smp", "1", "-display", "none", "-serial", "stdio", "-no-reboot"]
        start += ICOUNT if icount else []
        start += ["-kernel", str(image), "-initrd", str(ARCHIVE)]
        return [*start, "-append", f"{WORDS}{off} -- {arguments}"]

    name = "linux" if mitigations else "linux-mitigations-off"
    return Guest(name, (image, ARCHIVE), command, at_once=100)
