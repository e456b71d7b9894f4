"""Other static programs from Debian's packages, unmodified: they start, and work as on Linux.

Three shells, all made with glibc: bash, zsh, and sash, which has its own ls, cp and grep.
Each runs a script in the guest and on this machine's Linux, and the outputs are compared;
bash is typed at, too.  The packages are fetched, and not installed; without a network
this is not checked.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.machine.boot import Boot
from tools.machine.debian import NoPackage, package_file
from tools.machine.machine import BUILD
from tools.machine.waiting import LAST_RESORT

from .busybox import LEFT, PROMPT, SCRIPTS, UP, archive, busybox_is_there, expect_same, power_off
from .framework import LOGS, Context, check, expect

FOLDER = BUILD / "programs"


@dataclass(frozen=True)
class Program:
    """A package with one program, and a script for it."""

    package: str
    name: str
    words: str  # what it is started with, in the folder of the script


PROGRAMS = (
    Program("bash-static", "bash-static", "bash-static bash.bash"),
    Program("zsh-static", "zsh-static", "zsh-static -f zsh.zsh"),
    Program("sash", "sash", "sash -q -f sash.sash"),
)


def fetch(program: Program) -> Path:
    """The program's file."""
    path = FOLDER / program.name
    if not path.exists():
        package_file(f"{program.package}:amd64", program.name, FOLDER)
    return path


def on_linux(program: Program, folder: Path) -> str:
    """What its script prints here, and its status."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SCRIPTS, folder)
    line = f"{FOLDER.resolve()}/{program.words}; echo status $?"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={"PATH": "/bin", "HOME": "/root", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LAST_RESORT,
        check=False,
    )
    return done.stdout.decode("utf-8", "replace")


def on_signalbox(program: Program, guest: Boot) -> str:
    """The same in the guest: it prints to a file, which is shown between two lines."""
    guest.type(f"{program.words} >/tmp/out 2>&1 </dev/null; echo status $? >>/tmp/out\r")
    guest.wait_for(PROMPT)
    guest.type("echo begin; cat /tmp/out; echo end\r")
    start = guest.wait_for(r"^begin\n").end()
    end = guest.wait_for(r"^end$").start()
    guest.wait_for(PROMPT)
    return guest.text()[start:end]


def type_at_bash(guest: Boot) -> None:
    """Editing, history, and the terminal as it was when bash has gone."""
    prompt = "^bash! "
    guest.type("PS1='bash! ' bash-static --norc --noprofile\r")
    guest.wait_for(prompt)
    guest.type("echo ac" + LEFT + "b\r")
    guest.wait_for("^abc$")
    guest.wait_for(prompt)
    guest.type(UP + "d\r")
    guest.wait_for("^abcd$")
    guest.wait_for(prompt)
    guest.type("exit 3\r")
    guest.wait_for(PROMPT)
    guest.type("echo status $?\r")
    guest.wait_for("^status 3$")
    guest.wait_for(PROMPT)


@check("busybox/programs", 6)
def programs(context: Context) -> None:
    """bash, zsh and sash run their scripts as on Linux; bash is typed at."""
    if not busybox_is_there(context, linux=True):
        return
    try:
        rows = [f"bin/{program.name} file {fetch(program)}" for program in PROGRAMS]
    except NoPackage as error:
        context.note(f"not run: {error}")
        return
    machine = context.machine(icount=False, full=True, append="init=/sbin/init")
    root = ("-initrd", str(archive(context, rows)))
    with context.boot(machine, typing=True, extra=root) as guest:
        guest.wait_for(PROMPT)
        guest.type("cd /check; export LC_ALL=C\r")
        guest.wait_for(PROMPT)
        for program in PROGRAMS:
            linux = on_linux(program, LOGS / context.name / "check")
            expect_same(program.name, linux, on_signalbox(program, guest))
        type_at_bash(guest)
        power_off(context, guest)
    unknown = re.findall(r"^.*: unknown system call \d+$", guest.text(), re.M)
    expect(not unknown, "they lack system calls", "none", "\n".join(unknown))
    context.note("bash, zsh and sash of Debian's packages run their scripts as on Linux")
