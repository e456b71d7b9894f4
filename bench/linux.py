"""Linux as a guest, to compare with: its kernel, the machine, and what is kept.

The kernel is that of Debian's package linux-image-amd64: fetched by apt-get, taken
out of the package into build/linux/, and never installed.  It starts with the
benchmark's archive as its root file system, and runs /bin/linux_init.

Under -icount the same kernel and the same program on the same machine give the
same figures each time.  So they are measured once, and kept in build/bench/.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import machine as m

PACKAGE = "linux-image-amd64"  # depends on the one that has the kernel
FOLDER = m.BUILD / "linux"
CACHE = m.BUILD / "bench/linux.json"

# QEMU executes RDRAND as a call to the host, outside of the count.
CPU = "max,-rdrand,-rdseed"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
WORDS = "console=ttyS0 quiet panic=-1 nokaslr norandmaps rdinit=/bin/linux_init"


class NoLinux(Exception):
    """There is no Linux to compare with; says why."""


def output(*command: str) -> str:
    """What a command prints; NoLinux when it fails."""
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoLinux(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise NoLinux(f"{' '.join(command)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def kernel() -> Path:
    """The kernel in build/linux/; it is fetched when there is none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if found := sorted(FOLDER.glob("vmlinuz-*")):
        return found[-1]
    depends = output("apt-cache", "depends", PACKAGE)
    if not (package := re.search(r"Depends: (linux-image-\S+)", depends)):
        raise NoLinux(f"there is no package {PACKAGE} here")
    print(f"Fetching {package[1]}, about 70 MB, once; it is not installed.", flush=True)
    output("apt-get", "-q", "download", package[1])
    scratch = FOLDER / "unpacked"
    for archive in FOLDER.glob("*.deb"):
        output("dpkg-deb", "-x", str(archive), str(scratch))
        archive.unlink()
    for image in scratch.glob("boot/vmlinuz-*"):
        image.rename(FOLDER / image.name)
    shutil.rmtree(scratch, ignore_errors=True)
    if found := sorted(FOLDER.glob("vmlinuz-*")):
        return found[-1]
    raise NoLinux(f"{package[1]} has no kernel")


def command(image: Path, archive: Path, words: str, *, icount: bool) -> list[str]:
    """Starts QEMU with COM1 on its output; it ends when the program does."""
    start = [m.QEMU, "-nodefaults", "-machine", m.BOARD, "-accel", "tcg", "-cpu", CPU]
    start += ["-m", "512", "-smp", "1", "-display", "none", "-serial", "stdio", "-no-reboot"]
    start += ICOUNT if icount else []
    return [*start, "-kernel", str(image), "-initrd", str(archive), "-append", words]


def words(arguments: str, mitigations: bool = True) -> str:
    """Linux's command line, for a run of linux_init with these arguments."""
    return f"{WORDS}{'' if mitigations else ' mitigations=off'} -- {arguments}"


def kept(
    key: list[str], image: Path, archive: Path, measure: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """The figures of a run that is the same each time: from the cache, or measured."""
    digest = hashlib.sha256(" ".join([m.qemu_version(), *key]).encode())
    for file in (image, *sorted(archive.parent.glob("programs/*"))):
        digest.update(file.read_bytes())
    name = digest.hexdigest()
    cache = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    if name not in cache:
        cache[name] = measure()
        CACHE.write_text(json.dumps(cache, indent=1) + "\n")
    figures: dict[str, float] = cache[name]
    return figures
