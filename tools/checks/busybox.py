"""An unmodified busybox: the same commands here and on Linux, and the outputs compared.

The scripts of scripts/ are run by busybox's shell in the guest, started by a line that
is typed on the serial console, and by the same program on this machine's Linux.  What
needs a terminal is typed key by key on both: vi.  What can only be true here, as the list of
processes, is looked at.
"""

from __future__ import annotations

import difflib
import os
import platform
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.machine.boot import Boot
from tools.machine.machine import BUILD, ROOT, USER
from tools.machine.waiting import LAST_RESORT

from .framework import LOGS, Context, Failed, check, expect

BUSYBOX = BUILD / "busybox/busybox"
SCRIPTS = ROOT / "tools/checks/scripts"
NAMES = ("files", "text", "data", "hundred")
PROMPT = r"^\S+ # (?:\x1b\[6n)?"  # it asks where the cursor is
ESCAPE, CTRL_C, CTRL_D, UP, LEFT = "\x1b", "\x03", "\x04", "\x1b[A", "\x1b[D"


def busybox_is_there(context: Context, linux: bool = False) -> bool:
    """Can this be checked?  If not, says why."""
    if not BUSYBOX.exists():
        context.note("not run: there is no busybox; `make busybox` says why")
        return False
    if linux and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        context.note("not run: it compares with Linux on x86-64, which this is not")
        return False
    return True


def archive(context: Context, further: Sequence[str] = ()) -> Path:
    """The full image with the scripts in /check, and what these lines say."""
    folder = LOGS / context.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"check/{path.name} file {path.relative_to(ROOT)}" for path in SCRIPTS.glob("*.*sh")]
    more = folder / "list"
    more.write_text("\n".join([*sorted(rows), *further, ""]), encoding="utf-8")
    lists = ["user/root.list", BUILD / context.stage / "tests.list", "user/busybox.list", more]
    made = folder / "root.cpio"
    command = [sys.executable, "-m", "tools.machine.mkroot", made, BUILD / "user/stripped", *lists]
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True)
    return made


def shell(context: Context, icount: bool = False, **options: bool) -> Boot:
    """The machine of `make run`, with that archive."""
    machine = context.machine(icount=icount, full=True, append="init=/sbin/init")
    return context.boot(machine, extra=("-initrd", str(archive(context))), **options)


def power_off(context: Context, guest: Boot) -> None:
    """The end of a session, from the shell."""
    guest.type("poweroff\r")
    context.expect_end(guest, guest.wait_exit(), USER)


class Host:
    """The same busybox in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(SCRIPTS, folder / "check", ignore=shutil.ignore_patterns("*.md"))
        (folder / "bin").mkdir()
        for line in (ROOT / "user/busybox.list").read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[1:] == ["link", "busybox"]:
                (folder / words[0]).symlink_to(BUSYBOX)
        self.environment = {"PATH": str(folder / "bin"), "HOME": "/root", "TERM": "vt100"}

    def run(self, name: str) -> str:
        """What a script prints."""
        return self.command(f"sh one.sh {name}")

    def command(self, line: str) -> str:
        """What a line for the shell prints, in the folder of the scripts."""
        done = subprocess.run(
            [str(self.folder / "bin/sh"), "-c", line],
            cwd=self.folder / "check",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LAST_RESORT,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")

    def vi(self, name: str) -> str:
        """The file that vi writes, at a terminal, when those keys are pressed."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve("bin/vi", ["vi", name], self.environment)
        seen = ""
        for keys, shown in VI_STEPS:
            os.write(terminal, keys.encode())
            seen = ""
            while not re.search(shown, seen):
                if not select.select([terminal], [], [], LAST_RESORT)[0]:
                    raise Failed(f"vi on Linux does not show {shown!r}, but {seen!r}")
                seen += os.read(terminal, 65536).decode()
        os.write(terminal, VI_END.encode())
        os.waitpid(pid, 0)
        os.close(terminal)
        return (self.folder / name).read_text(encoding="utf-8")


def expect_same(what: str, linux: str, here: str) -> None:
    """Fails with the lines that differ."""
    lines = difflib.unified_diff(
        linux.splitlines(), here.splitlines(), "Linux", "Signalbox", lineterm="", n=1
    )
    difference = "\n".join(list(lines)[:40])
    expect(not difference, f"{what}: the output differs\n{difference}")


def between(text: str, name: str) -> str:
    """What one.sh printed of a script, with its status."""
    found = re.search(rf"^begin {name}\n(.*?^end {name} status \d+)$", text, re.S | re.M)
    return found[1] if found else text


@check("busybox/scripts", 15)
def scripts(context: Context) -> None:
    """More than two hundred commands, and a script of a hundred lines."""
    if not busybox_is_there(context, linux=True):
        return
    host = Host(LOGS / context.name / "host")
    with shell(context, typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type("cd /check\r")
        guest.wait_for(PROMPT)
        for name in NAMES:
            started = guest.position
            guest.type(f"sh one.sh {name}\r")
            guest.wait_for(rf"^end {name} status \d+$")
            here = between(guest.text()[started:], name)
            expect_same(f"{name}.sh", between(host.run(name), name), here)
            guest.wait_for(PROMPT)
        power_off(context, guest)
    lines = sum(len((SCRIPTS / f"{name}.sh").read_text().splitlines()) for name in NAMES)
    context.note(f"{lines} lines of script print the same on Signalbox and on Linux")


# Words, a line above, a change, a deletion and its return, a search, a substitution; and
# what vi shows then: an escape with keys behind it would be read as one key of a terminal.
IDLE = "- note"
TYPED = r"I note[\s\S]*- note"
VI_STEPS = (
    ("", IDLE),
    (f"ifirst line\rsecond words here\rthird{ESCAPE}", TYPED),
    (f"Oabove third{ESCAPE}", TYPED),
    (f"ggwcwLINE{ESCAPE}", TYPED),
    (f"jddp/words\rdwA at the end{ESCAPE}", TYPED),
    (":%s/third/3rd/g\r", "3rd"),
)
VI_END = ":wq\r"


@check("busybox/terminal", 6)
def terminal(context: Context) -> None:
    """Editing, history, Ctrl-C, Ctrl-D; vi, key by key; top and ps."""
    if not busybox_is_there(context, linux=True):
        return
    host = Host(LOGS / context.name / "host")
    written = host.vi("note")
    with shell(context, typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type("echo ac" + LEFT + "b\r")
        guest.wait_for("^abc$")
        guest.wait_for(PROMPT)
        guest.type(UP + "d\r")
        guest.wait_for("^abcd$")
        guest.wait_for(PROMPT)
        # Once this has been printed, Ctrl-C is for it, and not for the shell.
        guest.type("sh -c 'echo $((6 * 7)); exec sleep 1000'\r")
        guest.wait_for("^42$")
        guest.type(CTRL_C)
        guest.wait_for(PROMPT)
        guest.type("echo $((6 * 7)); cat >typed\r")
        guest.wait_for("^42$")
        guest.type("a line\rand another\r" + CTRL_D)
        guest.wait_for(PROMPT)
        guest.type("wc typed\r")
        guest.wait_for(r"^ +2 +4 +19 typed$")
        guest.wait_for(PROMPT)

        guest.type("vi note\r")
        for keys, shown in VI_STEPS:
            guest.type(keys)
            guest.wait_for(shown)
        guest.type(VI_END)
        guest.wait_for(PROMPT.lstrip("^"))
        started = guest.position
        guest.type("cat note\r")
        guest.wait_for(PROMPT)
        shown = guest.text()[started : guest.position]
        expect(f"\n{written}" in shown, "vi wrote another file than on Linux", written, shown)
        processes(context, guest)
        power_off(context, guest)


def processes(context: Context, guest: Boot) -> None:
    """What ps and top say of those that run."""
    guest.type("ps\r")
    guest.wait_for(r"^ *PID +USER +.*COMMAND$")
    guest.wait_for(r"^ *1 +\S+ +.*/sbin/init$")
    guest.wait_for(r"^ *\d+ +\S+ +.*-sh$")
    guest.wait_for(r"^ *\d+ +\S+ +.*(\{ps\} -sh|ps)$")  # it is the shell, copied
    guest.wait_for(PROMPT)
    guest.type("top -b -n 2 -d 1\r")
    for _ in range(2):
        guest.wait_for(r"^Mem: \d+K used, \d+K free")
        guest.wait_for(r"^CPU: .* \d+% idle")
        guest.wait_for(r"^ *PID +PPID +USER .*COMMAND$")
        guest.wait_for(r"top -b")
    guest.wait_for(PROMPT)


def idle_share(text: str) -> float:
    """Of the time between two looks at /proc/stat, the percentage that the CPUs idled."""
    looks = [line.split()[1:] for line in re.findall(r"^cpu .*$", text, re.M)]
    spent = [int(after) - int(before) for before, after in zip(*looks)]
    return 100 * spent[3] / sum(spent)


@check("busybox/idle", 3)
def idle(context: Context) -> None:
    """While the shell waits, nobody works: /proc/stat and top say so.

    Time is counted in instructions here, so a busy host changes nothing.
    """
    if not busybox_is_there(context):
        return
    for cpus in (1, 2):
        machine = context.machine(cpus=cpus, full=True, append="init=/sbin/init")
        with context.boot(machine, typing=True) as guest:
            guest.wait_for(PROMPT)
            guest.type("cat /proc/stat; sleep 10; cat /proc/stat\r")
            guest.wait_for(PROMPT)
            share = idle_share(guest.text())
            expect(share > 99, "the idle share, of /proc/stat", "above 99 %", f"{share:.2f} %")
            guest.type("top -b -n 2 -d 5\r")
            guest.wait_for(r"^CPU: ")  # since the start; then of the five seconds
            shown = int(guest.wait_for(r"^CPU: .* (\d+)% idle")[1])
            expect(shown >= 99, "the idle share, of top", "at least 99 %", f"{shown} %")
            guest.wait_for(PROMPT)
            power_off(context, guest)
        words = f"{cpus} CPU{'s' if cpus > 1 else ''}"
        context.note(f"while the shell waits, {share:.2f} % idle on {words}; top says {shown} %")


DF = r"^tmpfs +\d+ +(\d+) .* /$"  # what is used, in KiB


@check("busybox/full", 2)
def full(context: Context) -> None:
    """The root file system full: an error, and it goes on when there is room again."""
    if not busybox_is_there(context):
        return
    with shell(context, typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type("cd /tmp; df -k /\r")
        before = guest.wait_for(DF)[1]
        guest.type("dd if=/dev/zero of=big bs=64k\r")
        guest.wait_for(r"^dd: error writing 'big': No space left on device$")
        guest.type("echo more >small; echo status $?\r")
        guest.wait_for(r"^sh: write error: No space left on device$")
        guest.wait_for(r"^status 1$")
        guest.type("rm big; echo more >small; cat small; rm small; df -k /\r")
        guest.wait_for(r"^more$")
        after = guest.wait_for(DF)[1]
        expect(before == after, "KiB that are used, when all is gone again", before, after)
        guest.wait_for(PROMPT)
        power_off(context, guest)


START = 0.2  # s of CPU time, at a thousand million instructions a second


@check("busybox/start", 2)
def start(context: Context) -> None:
    """From nothing to the shell's prompt, in the machine's 64 MiB.

    What it costs is counted in instructions; how long it takes here, now, is only told.
    """
    if not busybox_is_there(context):
        return
    with shell(context, icount=True, typing=True) as guest:
        guest.wait_for(PROMPT)
        guest.type("cat /proc/stat\r")
        ticks = [int(word) for word in guest.wait_for(r"^cpu +([\d ]+)$")[1].split()]
        took = (sum(ticks) - ticks[3]) / 100  # all but the idle ones, a hundred a second
        expect(took < START, "CPU time from the start to the prompt", f"less than {START} s", took)
        guest.wait_for(PROMPT)
        power_off(context, guest)
    seconds = []
    for _ in range(3):
        with shell(context, typing=True) as guest:
            guest.wait_for(PROMPT)
            seconds.append(guest.seconds())
            power_off(context, guest)
    best = min(seconds)
    size = guest.machine.root.stat().st_size / 2**20
    context.note(
        f"{1000 * took:.0f} million instructions, here {best:.2f} s, from the start of QEMU "
        f"to busybox's prompt, in "
        f"{guest.machine.memory} MiB; the image has {size:.1f} MiB"
    )
