"""The machine that Signalbox runs on, in one place.

Everything that starts the kernel goes through here: `make run`, `make gdb`,
`make bochs`, `make check` and the grader.  So a run differs from another one
only in what its Machine says: how many CPUs, how much memory, the words on the
kernel's command line, and whether it is deterministic.

The machine is named to the last digit: QEMU's version, a versioned board, and
a CPU model by name with two features more.  Never `-cpu max`: that is another
CPU with each QEMU.  The same three names with the same seed give the same run,
so the kernel is told them on its command line, and they stand in every log.

Two kinds of run:

    icount      deterministic: one guest instruction is one nanosecond, and the
                CPUs take turns.  For tests, marks, and replays.
    otherwise   as fast as it goes, each CPU a thread of its own.  For people,
                and for soaking.

How QEMU ends tells what happened.  The kernel leaves through isa-debug-exit,
whose status is odd; status 0 is everything else, a triple fault too, and so
never counts as success.

verbs.py starts it for a person, boot.Boot runs it for a program.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"

QEMU = "qemu-system-x86_64"
BOARD = "pc-i440fx-7.2"
CPU = "qemu64,+smep,+smap"


def says_what_to_run(append: str) -> bool:
    """Do these words for the kernel say what it ends at?  If not, a person gets a shell."""
    return any(word.split("=")[0] in ("init", "test", "monitor") for word in append.split())


def default_stage() -> str:
    """The highest lab, with the reference's files where they are published."""
    labs = sorted(path.name for path in (ROOT / "labs").glob("[0-9][0-9]-*"))
    return labs[-1] + (".solutions" if (ROOT / "solutions").is_dir() else "")


DEFAULT_STAGE = default_stage()


def stage_words(stage: str) -> list[str]:
    """What tells make to build a stage: "01-interrupts.solutions" and the like.

    Those that end in ".fast" are without schedule points in the lab's files, to
    be measured.
    """
    lab, *rest = stage.split(".")
    words = [f"LAB={lab}"]
    if rest and rest[-1] == "fast":
        words.append("HOOKS=0")
        rest.pop()
    if rest:
        words.append(f"IMPL={rest[0]}")
    return words


DEFAULT_CPUS = 2
DEFAULT_MEMORY = 64  # MiB; half of it is enough

# QEMU's exit status for each code in kernel/include/power.h: code << 1 | 1.
TESTS_PASSED = 0x10 << 1 | 1
TESTS_FAILED = 0x11 << 1 | 1
PANIC = 0x12 << 1 | 1
USER = 0x13 << 1 | 1
HANG = 0x14 << 1 | 1

EXIT_WORDS = {
    TESTS_PASSED: "all tests passed",
    TESTS_FAILED: "a test failed",
    PANIC: "the kernel panicked",
    USER: "powered off",
    HANG: "a test ran into its limit, or all its threads wait",
}


def exit_words(status: int | None) -> str:
    """What a status that QEMU ended with means."""
    if status is None:
        return "it was still running"
    if status in EXIT_WORDS:
        return f"{EXIT_WORDS[status]} (status {status})"
    if status == 0:
        return "it ended without a word: a reset, or closed from outside (status 0)"
    if status < 0:
        return f"QEMU was killed by signal {-status}"
    return f"QEMU failed (status {status})"


GRUB_CFG = """\
set timeout=0
menuentry Signalbox {{
    multiboot /boot/kernel {line}
    module /boot/root.cpio
    boot
}}
"""


@functools.cache
def qemu_version() -> str:
    """As in "7.2.22"; "unknown" when QEMU does not say."""
    done = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+(?:\.\d+)+)", done.stdout)
    return found[1] if found else "unknown"


def guarded(command: list[str]) -> list[str]:
    """The command, such that it is killed when the program that starts it ends."""
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    return guard + command


@dataclass(frozen=True)
class Machine:
    """One run's hardware, kernel and command line."""

    stage: str = DEFAULT_STAGE
    cpus: int = DEFAULT_CPUS
    memory: int = DEFAULT_MEMORY  # MiB
    append: str = ""  # for the kernel
    icount: bool = False
    iso: bool = False  # boot through GRUB, from an image
    cpu: str = CPU
    full: bool = False  # with busybox: for people, and not for marks

    @property
    def build(self) -> Path:
        """Where the stage is built; logs and sockets of interactive runs too."""
        return BUILD / self.stage

    @property
    def kernel(self) -> Path:
        """The kernel with its debugging information."""
        return self.build / "kernel.elf"

    @property
    def root(self) -> Path:
        """The archive that becomes the root file system."""
        return self.build / ("full.cpio" if self.full else "root.cpio")

    def name(self) -> str:
        """What determines a replay, in one word."""
        return f"qemu-{qemu_version()},{BOARD},{self.cpu.replace(',', '')}"

    def command_line(self, emulator: str = "") -> str:
        """The kernel's command line: who runs it, then what was asked for."""
        return f"machine={emulator or self.name()} {self.append}".rstrip()

    def by_hand(self) -> str:
        """The command with which a person starts the same machine."""
        if self.cpu != CPU:  # nothing that make offers
            return shlex.join(self.qemu_command(["-serial", "mon:stdio"]))
        words = ["make", "run", *stage_words(self.stage), f"CPUS={self.cpus}"]
        if self.memory != DEFAULT_MEMORY:
            words.append(f"MEMORY={self.memory}")
        if self.icount:
            words.append("ICOUNT=1")
        if self.iso:
            words.append("ISO=1")
        append = self.append if says_what_to_run(self.append) else f"{self.append} monitor"
        words.append("APPEND=" + shlex.quote(append.strip()))
        return " ".join(words)

    def qemu_command(self, serial: list[str], display: str = "none") -> list[str]:
        """The command that starts QEMU, in ROOT.  `serial` are the options for COM1."""
        command = [QEMU, "-nodefaults", "-machine", BOARD, "-accel", "tcg"]
        command += ["-cpu", self.cpu, "-smp", str(self.cpus), "-m", str(self.memory)]
        command += ["-vga", "std", "-display", display, *serial]
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        # What limits tests (kernel/test/watchdog.c); idle until it is armed.
        command += ["-device", "i6300esb", "-action", "watchdog=inject-nmi"]
        # A triple fault ends QEMU instead of rebooting for ever.
        command += ["-no-reboot"]
        if self.icount:
            command += ["-icount", "shift=0,sleep=off"]
            command += ["-rtc", "base=2020-01-01,clock=vm"]
        if self.iso:
            command += ["-cdrom", str(self.image()), "-boot", "d"]
        else:
            # The path becomes part of the kernel's command line: the same
            # wherever the working copy is.  So QEMU must be started in ROOT.
            command += ["-kernel", str((self.build / "kernel.elf32").relative_to(ROOT))]
            command += ["-append", self.command_line()]
            if self.root.exists():
                command += ["-initrd", str(self.root.relative_to(ROOT))]
        return command

    def image(self, emulator: str = "") -> Path:
        """An ISO that boots this stage with this command line; made anew.

        Without words for the kernel it is the one of `make iso`.
        """
        if not self.append:
            return BUILD / "signalbox.iso"
        words = shlex.split(self.command_line(emulator))
        line = " ".join(shlex.quote(word) for word in words)
        images = self.build / "images"
        images.mkdir(exist_ok=True)
        name = hashlib.sha256(f"{line} {self.root.name}".encode()).hexdigest()[:16]
        image = images / f"{name}.iso"
        with tempfile.TemporaryDirectory(dir=images) as scratch:
            grub = Path(scratch, "root/boot/grub")
            grub.mkdir(parents=True)
            shutil.copy(self.build / "kernel.elf32", grub.parent / "kernel")
            shutil.copy(self.root, grub.parent / "root.cpio")
            (grub / "grub.cfg").write_text(GRUB_CFG.format(line=line), encoding="utf-8")
            made = Path(scratch, "made.iso")
            grub_mkrescue = shutil.which("grub-mkrescue") or "grub2-mkrescue"
            command = [grub_mkrescue, "-o", str(made), str(Path(scratch, "root"))]
            subprocess.run(command, check=True, capture_output=True)
            os.replace(made, image)
        return image
