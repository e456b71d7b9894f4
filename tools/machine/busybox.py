"""Fetches Debian's busybox-static for the full image: the commands of a real system.

    tools/busybox LIST

The program goes to build/busybox/busybox, unless one lies there already, wherever it
has come from; it is never installed.  LIST becomes a copy of user/busybox.list, which
says what is where in the image; or empty, when there is no busybox.  Then the image is
made without it, with the small shell of user/sh, and this says what to do.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.machine.debian import NoPackage, package_file
from tools.machine.machine import BUILD, ROOT

FOLDER = BUILD / "busybox"
LIST = ROOT / "user/busybox.list"

# Other architectures, if apt has been told of them, need the suffix.
PACKAGE = "busybox-static:amd64"
WITHOUT = """\
There is no busybox: {why}
The image is made without it: its shell is our own small one, with few commands.
`make busybox` tries again, for example after `apt-get update`.  On a Debian that is not
amd64, `dpkg --add-architecture amd64` tells apt of it first.  Without apt, put bin/busybox of
packages.debian.org/busybox-static (amd64) into build/busybox/, and `make busybox`."""


def busybox_fetch() -> None:
    """Gets the program, if it is not there yet."""
    if not (FOLDER / "busybox").exists():
        print("Fetching busybox-static, 1 MB, once; it is not installed.", flush=True)
        package_file(PACKAGE, "busybox", FOLDER)


def main() -> int:
    """Fetches it, and writes the list."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        busybox_fetch()
        (FOLDER / "busybox").chmod(0o755)
        target.write_bytes(LIST.read_bytes())
    except NoPackage as error:
        print(WITHOUT.format(why=error), file=sys.stderr)
        target.write_bytes(b"")
    return 0


if __name__ == "__main__":
    sys.exit(main())
