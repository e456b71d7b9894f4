"""Linux as a guest, to compare with: where its kernel comes from, and its machine.

The kernel is that of Debian's package linux-image-amd64: fetched by apt-get, taken
out of the package into build/linux/, and never installed.  A vmlinuz-* that lies
there already is used instead, wherever it has come from.  It starts with the same
archive as Signalbox, and first runs /bin/linux_init, which becomes ipcbench.

It has one CPU: under -icount several of them do not work for a Linux guest.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
from pathlib import Path

import machine as m
from measure import Guest

PACKAGE = "linux-image-amd64"  # depends on the one that has the kernel
FOLDER = m.BUILD / "linux"
ARCHIVE = m.BUILD / "bench/root.cpio"

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
        errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise NoLinux("\n".join([f"`{' '.join(command)}` failed", *errors]))
    return done.stdout


def kernel() -> Path:
    """The newest kernel in build/linux/; it is fetched when there is none."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if found := sorted(FOLDER.glob("vmlinuz-*")):
        return found[-1]
    depends = output("apt-cache", "depends", PACKAGE)
    if not (package := re.search(r"Depends: (linux-image-\S+)", depends)):
        raise NoLinux(f"apt knows no package {PACKAGE}; perhaps after `apt-get update`")
    print(f"Fetching {package[1]}, about 70 MB, once; it is not installed.", flush=True)
    output("apt-get", "-q", "download", package[1])
    images = [unpack(archive) for archive in FOLDER.glob("*.deb")]
    if not images:
        raise NoLinux(f"`apt-get download {package[1]}` left no package")
    return images[0]


def unpack(package: Path) -> Path:
    """Takes the kernel out of a package, and removes the package."""
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as source, tarfile.open(fileobj=source.stdout, mode="r|") as archive:
        for member in archive:
            image = FOLDER / Path(member.name).name
            file = archive.extractfile(member) if image.match("vmlinuz-*") else None
            if not file:
                continue
            half = image.with_name("unfinished")
            half.write_bytes(file.read())
            half.rename(image)
            package.unlink()
            return image
    raise NoLinux(f"{package.name} has no kernel")


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
