"""Files out of Debian's packages, which are fetched and never installed.

apt-get fetches the package into a folder, dpkg-deb opens it, and the one file that is
wanted is put beside it.  So it works for everybody, and leaves the host as it was.
A host without apt, or without a network, gets a NoPackage, which says what failed.
"""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from tools.machine.errors import Trouble


class NoPackage(Trouble):
    """The package, or its file, is not to be had; says why."""


def output(folder: Path, *command: str) -> str:
    """What a command prints when it runs in a folder; NoPackage when it fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoPackage(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise NoPackage("\n".join([f"`{' '.join(command)}` failed", *errors]))
    return done.stdout


def package_file(package: str, pattern: str, folder: Path) -> Path:
    """Fetches a package, and takes the file out of it whose name matches."""
    folder.mkdir(parents=True, exist_ok=True)
    output(folder, "apt-get", "-q", "download", package)
    for archive in folder.glob("*.deb"):
        try:
            return file_take(archive, pattern)
        finally:
            archive.unlink()
    raise NoPackage(f"`apt-get download {package}` left no package")


def file_take(package: Path, pattern: str) -> Path:
    """Puts a package's file beside it, under its own name; whole, or not at all."""
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    try:
        source = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise NoPackage(f"dpkg-deb: {error.strerror}") from None
    with source, tarfile.open(fileobj=source.stdout, mode="r|") as archive:
        for member in archive:
            taken = package.parent / Path(member.name).name
            file = archive.extractfile(member) if taken.match(pattern) else None
            if not file:
                continue
            half = package.with_name("unfinished")
            half.write_bytes(file.read())
            half.chmod(member.mode)
            half.rename(taken)
            return taken
    raise NoPackage(f"{package.name} has no {pattern}")
