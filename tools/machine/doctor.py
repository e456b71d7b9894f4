"""Looks at this machine: is there all that Signalbox needs, and does it work?

    make doctor
    tools/doctor --quick build      a word only when a version is too old

A line for each tool, with its version; below a fault, what repairs it.  Then the
tools are tried together: a kernel of a dozen instructions is compiled, linked
and booted, directly and through GRUB; so a fault there is one of the machine.
At last the kernel of this tree is built, and runs one of its tests: when only
that fails, it is the tree that is wrong.

Nothing is installed.  Exit status: 0 when there was no fault.

This program runs with Python 3.7 already, so that it can tell that it is old.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, List, Optional, Tuple

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
SMOKE_TEST = "lib/format_numbers"  # needs little more than a kernel that boots
SPACE = 300  # MiB, for build/
SETUP = "make setup"
TREE = "the tools are fine: look at the last change of the tree"
NEWER = "Debian 12, Ubuntu 24.04 and newer systems have one that will do"
GRUB_MODULES = [
    Path("/usr/lib/grub/i386-pc"),
    Path("/usr/local/lib/grub/i386-pc"),
    Path("/usr/lib64/grub/i386-pc"),
]

# The smallest kernel: multiboot, in 32 bits as the loader leaves us.  It says
# "smoke" on COM1, waits until that has left, and ends QEMU with status 33.
SMOKE_ASM = """\
section .multiboot progbits alloc noexec nowrite align=4
	dd 0x1badb002, 0, -0x1badb002
section .text
bits 32
global start
start:	mov esi, words
.next:	mov dx, 0x3fd
	in al, dx
	test al, 0x20
	jz .next
	mov dx, 0x3f8
	lodsb
	out dx, al
	test al, al
	jnz .next
	mov al, 0x10
	out 0xf4, al
	hlt
words:	db "smoke", 10, 0
"""
SMOKE_C = "#include <stdint.h>\nuint64_t twice(uint64_t n)\n{\n\treturn 2 * n;\n}\n"
SMOKE_FLAGS = (
    "-std=gnu17 -O2 -g -ffreestanding -mno-red-zone -mcmodel=kernel -mgeneral-regs-only"
    " -fno-pic -fno-stack-protector -fcf-protection=none"
)
SMOKE_STATUS = 0x10 << 1 | 1


class Fault(Exception):
    """What is wrong, and what repairs it."""

    def __init__(self, problem: str, repair: str = SETUP) -> None:
        super().__init__(problem)
        self.repair = repair


def output(*command: str) -> str:
    """All that a command prints; empty when there is no such command."""
    from tools.machine.waiting import LAST_RESORT

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LAST_RESORT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def attempt(what: str, *command: str, cwd: Optional[str] = None) -> None:
    """Runs a command that has to succeed."""
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode != 0:
        text = done.stdout.decode(errors="replace").strip()
        raise Fault(f"{what} fails: {' '.join(command)}\n{text}", "make setup, or see the message")


def find(*names: str) -> str:
    """The first of these commands that there is; a Fault when there is none."""
    for name in names:
        if shutil.which(name):
            return name
    raise Fault("missing")


def numbers(version: str) -> Tuple[int, ...]:
    """Of "12.2.0": (12, 2, 0)."""
    return tuple(int(part) for part in version.split("."))


def version_of(text: str, minimum: str, pattern: str = r"(\d+\.\d+(?:\.\d+)*)") -> str:
    """The version in what a tool says of itself; a Fault when it is too old."""
    found = re.search(pattern, text)
    if not found:
        raise Fault(f"does not say its version: {text.strip()[:60]!r}")
    if numbers(found[1]) < numbers(minimum):
        raise Fault(f"{found[1]} is too old: {minimum} is needed", NEWER)
    return found[1]


# ---- one function a check: returns what to print beside "ok" ----


def check_make() -> str:
    return version_of(output(find("gmake", "make"), "--version"), "4.2")


def check_python() -> str:
    return f"{PYTHON} {version_of(output(PYTHON, '--version'), '3.11')}"


def toolchain() -> str:
    """What the names of the compiler, the linker and objcopy begin with."""
    names = ["x86_64-elf-gcc", "x86_64-linux-gnu-gcc"]
    if os.uname().machine == "x86_64" and sys.platform == "linux":
        names.append("gcc")
    return find(*names)[: -len("gcc")]


def check_compiler() -> str:
    compiler = toolchain() + "gcc"
    text = output(compiler, "--version")
    if "Free Software Foundation" not in text:
        raise Fault(f"{compiler} is not GCC", "install GCC; see tools/setup")
    return f"{compiler} {version_of(output(compiler, '-dumpfullversion'), '10.0')}"


def check_linker() -> str:
    linker = find(toolchain() + "ld")
    find(toolchain() + "objcopy")
    return f"{linker} {version_of(output(linker, '--version'), '2.35')}"


def check_nasm() -> str:
    return version_of(output(find("nasm"), "--version"), "2.15")


def check_qemu() -> str:
    qemu = find("qemu-system-x86_64")
    version = version_of(output(qemu, "--version"), "7.2")
    from tools.machine.machine import BOARD

    if not re.search(rf"^{re.escape(BOARD)}\b", output(qemu, "-machine", "help"), re.M):
        raise Fault(f"{version} has no board {BOARD}", "a QEMU from 7.2 to a few years newer")
    return version


def check_gdb() -> str:
    gdb = find("gdb")
    version = version_of(output(gdb, "--version"), "12.0", r"GNU gdb .*?(\d+\.\d+)")
    questions = ["-ex", "set architecture i386:x86-64", "-ex", "python print(6 * 7)"]
    text = output(gdb, "-nx", "-batch", *questions)
    if "Undefined item" in text:
        raise Fault(f"{version} does not know x86-64", "install gdb-multiarch as `gdb`")
    if "42" not in text:
        raise Fault(f"{version} was built without Python", "install the system's own gdb")
    return version


def check_bochs() -> str:
    text = output(find("bochs"), "--help")
    version = version_of(text, "2.7", r"Emulator (\d+\.\d+)")
    for name in ("BIOS-bochs-latest", "VGABIOS-lgpl-latest"):
        if not Path("/usr/share/bochs", name).exists():
            raise Fault(f"{version} has no /usr/share/bochs/{name}")
    return version


def check_grub() -> str:
    program = find("grub-mkrescue", "grub2-mkrescue")
    version = version_of(output(program, "--version"), "2.02")
    if not any((path / "multiboot.mod").exists() for path in GRUB_MODULES):
        raise Fault(f"{version} has no modules for a BIOS (i386-pc)")
    return f"{version}, with i386-pc"


def check_xorriso() -> str:
    return version_of(output(find("xorriso"), "--version"), "1.5", r"xorriso (\d+\.\d+)")


def check_mtools() -> str:
    return version_of(output(find("mformat"), "--version"), "4.0")


def check_unifdef() -> str:
    return version_of(output(find("unifdef"), "-V"), "2.10")


def check_patch() -> str:
    return version_of(output(find("patch"), "--version"), "2.7")


def check_clang_format() -> str:
    return version_of(output(find("clang-format"), "--version"), "14.0")


def module_check(name: str, minimum: str) -> Callable[[], str]:
    """For a library of the Python that the Makefile uses."""

    def check() -> str:
        text = output(PYTHON, "-c", f"import {name}; print({name}.__version__)")
        if "ModuleNotFoundError" in text:
            raise Fault(f"{PYTHON} has no such module")
        return version_of(text, minimum)

    return check


def check_space() -> str:
    free = shutil.disk_usage(ROOT).free >> 20
    if free < SPACE:
        raise Fault(f"{free} MiB free, {SPACE} needed", f"make room where {ROOT} lies")
    if not os.access(ROOT, os.W_OK):
        raise Fault(f"{ROOT} cannot be written to", "a copy of the tree that is yours")
    return f"{free} MiB free"


# ---- trying them together ----


def smoke_build(folder: Path) -> None:
    """Makes kernel.elf32 there, by every step that the real kernel takes."""
    (folder / "entry.asm").write_text(SMOKE_ASM)
    (folder / "twice.c").write_text(SMOKE_C)
    cross, where = toolchain(), str(folder)
    compile_c = [cross + "gcc", *SMOKE_FLAGS.split(), "-c", "twice.c"]
    attempt("the compiler", *compile_c, cwd=where)
    attempt("the assembler", "nasm", "-f", "elf64", "-o", "entry.o", "entry.asm", cwd=where)
    link = [cross + "ld", "-nostdlib", "-static", "-N", "-Ttext=0x100000", "-e", "start"]
    attempt("the linker", *link, "-o", "kernel.elf", "entry.o", "twice.o", cwd=where)
    to_32 = [cross + "objcopy", "-O", "elf32-i386", "-S", "kernel.elf", "kernel.elf32"]
    attempt("objcopy", *to_32, cwd=where)


def smoke_boot(folder: Path, *how: str) -> str:
    """Boots it, and returns how long that took."""
    from tools.machine.machine import BOARD, CPU, QEMU
    from tools.machine.waiting import LAST_RESORT

    log = folder / "serial.log"
    command = [QEMU, "-nodefaults", "-machine", BOARD, "-cpu", CPU, "-m", "32"]
    command += ["-display", "none", "-no-reboot", "-serial", f"file:{log}"]
    command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", *how]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LAST_RESORT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Fault("hangs: " + " ".join(command), "the QEMU of your system")
    took = time.monotonic() - start
    said = log.read_text(errors="replace") if log.exists() else ""
    if done.returncode != SMOKE_STATUS or "smoke" not in said:
        text = done.stdout.decode(errors="replace").strip()
        raise Fault(
            f"ended with status {done.returncode}, said {said!r}\n{' '.join(command)}\n{text}",
            "the QEMU of your system; the command above shows it alone",
        )
    return f"{took:.2f} s"


def check_direct_boot() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        smoke_build(folder)
        return smoke_boot(folder, "-kernel", str(folder / "kernel.elf32"))


def check_iso_boot() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        smoke_build(folder)
        grub = folder / "root/boot/grub"
        grub.mkdir(parents=True)
        shutil.copy(folder / "kernel.elf32", grub.parent / "smoke")
        (grub / "grub.cfg").write_text("multiboot /boot/smoke\nboot\n")
        image = str(folder / "smoke.iso")
        program = find("grub-mkrescue", "grub2-mkrescue")
        modules = next(path for path in GRUB_MODULES if path.exists())
        attempt(program, program, "-d", str(modules), "-o", image, str(folder / "root"))
        return smoke_boot(folder, "-cdrom", image, "-boot", "d")


def check_kernel() -> str:
    make = [find("gmake", "make"), "-s", "-C", str(ROOT)]
    start = time.monotonic()
    built = subprocess.run(
        [*make, "kernel"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if built.returncode != 0:
        lines = built.stdout.decode(errors="replace").splitlines()
        raise Fault("\n".join(["does not build:", *lines[:10]]), TREE)
    text = output(*make, "test", f"TEST={SMOKE_TEST}", "APPEND=panic=exit")
    if not re.search(r"^ok 1 ", text, re.M):
        lines = text.splitlines()
        raise Fault("\n".join(["does not pass a test; its log ends:", *lines[-10:]]), TREE)
    return f"built and booted in {time.monotonic() - start:.1f} s"


Check = Tuple[str, Callable[[], str]]

BUILD: List[Check] = [
    ("make", check_make),
    ("Python", check_python),
    ("compiler", check_compiler),
    ("linker", check_linker),
    ("NASM", check_nasm),
    ("disk", check_space),
]
RUN: List[Check] = [("QEMU", check_qemu)]
ISO: List[Check] = [
    ("grub-mkrescue", check_grub),
    ("xorriso", check_xorriso),
    ("mtools", check_mtools),
]
DEBUG: List[Check] = [
    ("GDB", check_gdb),
    ("Bochs", check_bochs),
]
TEST: List[Check] = [
    ("clang-format", check_clang_format),
    ("unifdef", check_unifdef),
    ("patch", check_patch),
    ("pytest", module_check("pytest", "7.0")),
    ("pexpect", module_check("pexpect", "4.8")),
]


def indented(text: str) -> str:
    return text.replace("\n", "\n        ")


def run_checks(title: str, checks: List[Check], quiet: bool = False) -> int:
    """Prints a line a check, or only the faults; returns how many there were."""
    if not quiet:
        print(title)
    faults = 0
    for name, check in checks:
        try:
            found = check()
            if not quiet:
                print(f"  ok    {name:14} {found}", flush=True)
        except Fault as fault:
            faults += 1
            print(f"  FAIL  {name:14} {indented(str(fault))}")
            print(f"        repair: {fault.repair}", flush=True)
    return faults


def look_at_all() -> int:
    """All checks; those that try the tools only where the tools are there."""
    broken_build = run_checks("To build and run (make run):", BUILD + RUN)
    broken_iso = run_checks("To make the bootable image (make iso):", ISO)
    faults = broken_build + broken_iso
    faults += run_checks("To debug (make gdb, make bochs):", DEBUG)
    faults += run_checks("To test and format (make check, make format):", TEST)

    trials: List[Check] = []
    if not broken_build:
        trials.append(("smoke kernel", check_direct_boot))
        if not broken_iso:
            trials.append(("from an ISO", check_iso_boot))
        trials.append(("this kernel", check_kernel))
        faults += run_checks("Trying them:", trials)
    if faults:
        print(f"\n{faults} fault{'s' if faults > 1 else ''} found: see the repairs above.")
        return 1
    print("\nAll is well: make run")
    return 0


def main() -> int:
    """`--quick build` and `--quick run` are for the Makefile."""
    quick = {"build": BUILD, "run": RUN}
    if sys.argv[1:2] == ["--quick"] and sys.argv[2:] and sys.argv[2] in quick:
        return 1 if run_checks("", quick[sys.argv[2]], quiet=True) else 0
    if len(sys.argv) > 1:
        print("usage: tools/doctor [--quick build|run]", file=sys.stderr)
        return 2
    return look_at_all()


if __name__ == "__main__":
    sys.exit(main())
