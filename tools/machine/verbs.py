"""What `python3 -m tools.machine` does for a person: run, gdb, bochs, console.

Each shows the kernel's console on a terminal.  Under QEMU alone, and in Bochs,
that is this terminal; under a debugger, which needs this one for itself, it is
`make console` in a second one, over a socket in build/<stage>/.  Whatever comes
from COM1 is in build/<stage>/serial.log too.
"""

from __future__ import annotations

import argparse
import os
import pty
import shlex
import signal
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from tools.machine import machine as m
from tools.machine.bochs import bochs_command
from tools.machine.boot import kill, start
from tools.machine.errors import Trouble
from tools.machine.evidence import triple_fault
from tools.machine.terminal import bridge, read_some, terminal_kept, write_all

LEAVE = "leave with Ctrl-A X, or `poweroff` at the prompt"


LEAST_MEMORY = 32  # MiB: with less, QEMU cannot even lay the files beside the kernel
FIRST_PLACE = "kmain"  # where GDB stops


class Parser(argparse.ArgumentParser):
    """One line for a mistake, without the usage: a person has typed a verb of make."""

    def error(self, message: str) -> NoReturn:
        raise Trouble(message)


def number_of(variable: str, what: str, least: int, most: int) -> Callable[[str], int]:
    """Reads what was given as CPUS= or MEMORY=."""

    def read(word: str) -> int:
        if not word.isdecimal() or not least <= int(word) <= most:
            raise Trouble(f"{variable}={word}: Signalbox runs {what}")
        return int(word)

    return read


def machine_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that describe a Machine; machine_from() reads them."""
    parser.add_argument("--stage", default=m.DEFAULT_STAGE)
    cpus = number_of("CPUS", "on 1 to 8", 1, 8)
    parser.add_argument("--cpus", type=cpus, default=m.DEFAULT_CPUS, metavar="1..8")
    least = f"in {LEAST_MEMORY} MiB or more, given as a number"
    memory = number_of("MEMORY", least, LEAST_MEMORY, 1 << 20)
    parser.add_argument("--memory", type=memory, default=m.DEFAULT_MEMORY, metavar="MIB")
    parser.add_argument("--append", default="", metavar="WORDS", help="for the kernel")
    parser.add_argument("--icount", action="store_true", help="each run is the same")
    parser.add_argument("--iso", action="store_true", help="boot through GRUB")
    parser.add_argument("--window", action="store_true", help="show the screen")


def machine_from(options: argparse.Namespace) -> m.Machine:
    """The Machine that the command line describes; it must have been built."""
    machine = m.Machine(
        stage=options.stage,
        cpus=options.cpus,
        memory=options.memory,
        append=options.append.strip(),
        icount=options.icount,
        iso=options.iso,
    )
    if not machine.kernel.exists():
        raise Trouble(f"there is no {machine.kernel}: `make` builds it")
    return machine


def to_debug(options: argparse.Namespace, iso: bool) -> m.Machine:
    """The same for a debugger: it ends at the monitor, of which an ISO must be told."""
    machine = machine_from(options)
    if iso and not m.says_what_to_run(machine.append):
        machine = replace(machine, append=f"{machine.append} monitor".lstrip())
    return machine


def short(path: Path) -> Path:
    """As seen from ROOT: a socket's path must be short, an option of QEMU without a comma."""
    return path.relative_to(m.ROOT)


# ---- run ----


def window_display() -> str:
    """The name of QEMU's window, where there is a desktop for it; or why not."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise Trouble("no window: there is no desktop here (DISPLAY is not set)")
    listed = subprocess.run(
        [m.QEMU, "-display", "help"], capture_output=True, text=True, check=False
    ).stdout.split()
    for name in ("gtk", "sdl", "cocoa"):
        if name in listed:
            return name
    raise Trouble("no window: QEMU has none (on Debian, install qemu-system-gui)")


def run_display(options: argparse.Namespace) -> str:
    """A window if asked for; lab 2 shows one where it can: it has a keyboard and a mouse."""
    if options.window:
        return window_display()
    if not options.stage.startswith("02-") or "test=" in options.append:
        return "none"
    if "init=" not in options.append:
        print("The demo of keys and mouse: make run LAB=2 APPEND=init=/bin/inputdemo")
    try:
        return window_display()
    except Trouble as trouble:
        print(f"{trouble}; so press keys by Ctrl-A C, then `sendkey a` or `mouse_move 9 5`.")
        return "none"


def verb_run(options: argparse.Namespace) -> int:
    """QEMU with COM1 on this terminal.  0 after poweroff, or tests that passed."""
    machine = machine_from(options)
    display = run_display(options)
    if not m.says_what_to_run(machine.append):
        machine = replace(machine, append=f"{machine.append} init=/sbin/init".lstrip())
    machine = replace(machine, full="test=" not in machine.append)
    cpu_log = machine.build / "cpu.log"
    serial = [
        "-chardev",
        f"stdio,id=com1,mux=on,signal=off,logfile={short(machine.build / 'serial.log')}",
        *["-serial", "chardev:com1", "-mon", "chardev=com1"],
    ]
    command = machine.qemu_command(serial, display)
    command += ["-d", "cpu_reset", "-D", str(cpu_log)]
    print(f"Signalbox {machine.stage} on {machine.cpus} CPUs: {LEAVE}.", flush=True)
    if "init=" in machine.append:
        print("The kernel's own prompt, which needs no lab: make run APPEND=monitor", flush=True)
    with terminal_kept():
        status = subprocess.run(m.guarded(command), cwd=m.ROOT, check=False).returncode
    print()
    if "Triple fault" in cpu_log.read_text(errors="replace"):
        print(triple_fault(machine, machine.build / "triple-fault.interrupts"))
        return 1
    if status == 0:  # by Ctrl-A X, `reboot`, or the window's button
        print("Signalbox has been stopped.")
        return 0
    print(f"Signalbox: {m.exit_words(status)}; the log is {machine.build / 'serial.log'}")
    return 0 if status in (m.USER, m.TESTS_PASSED) else 1


# ---- gdb ----


def console_path(stage: str) -> Path:
    """The console's socket."""
    return short(m.BUILD / stage / "console.sock")


def check_place(machine: m.Machine, place: str) -> None:
    """Trouble when there is no such function or line: else the kernel would run past it."""
    command = ["gdb", "-q", "-nx", "-batch", "-ex", f"info line {place}", str(machine.kernel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        raise Trouble(f"AT={place}: {done.stderr.strip() or 'there is no such place'}")


def verb_gdb(options: argparse.Namespace) -> int:
    """GDB, with QEMU behind a pipe, stopped where the kernel begins."""
    machine = to_debug(options, options.iso)
    if options.at != FIRST_PLACE:
        check_place(machine, options.at)
    log = short(machine.build / "serial.log")
    socket_options = f"path={console_path(machine.stage)},server=on,wait=off,logfile={log}"
    serial = ["-chardev", f"socket,id=com1,{socket_options}", "-serial", "chardev:com1"]
    display = window_display() if options.window else "none"
    qemu = m.guarded([*machine.qemu_command(serial, display), "-S", "-gdb", "stdio"])
    commands = [
        "set confirm off",
        "set pagination off",
        f"source {m.ROOT / 'tools/gdb/signalbox.py'}",
        f"target remote | exec {shlex.join(qemu)}",
        f"tbreak {options.at}",
        "continue",
    ]
    command = ["gdb", "-q", str(machine.kernel)]
    for line in commands:
        command += ["-ex", line]
    print("The console is in a second terminal: make console")
    print(f"and its log is {log}.  `help signalbox` lists the kernel's commands.", flush=True)
    leave_interrupts_to_the_child()
    with terminal_kept():
        done = subprocess.run(command + shlex.split(options.gdb_args), cwd=m.ROOT, check=False)
    return done.returncode


def leave_interrupts_to_the_child() -> None:
    """Ctrl-C is for the debugger.  (Not SIG_IGN: the child would inherit that.)"""
    signal.signal(signal.SIGINT, lambda *_: None)


def verb_console(options: argparse.Namespace) -> int:
    """The console of a kernel that runs under a debugger."""
    os.chdir(m.ROOT)
    path = console_path(options.stage)
    with socket.socket(socket.AF_UNIX) as console:
        try:
            console.connect(str(path))
        except OSError:
            raise Trouble("no kernel runs under a debugger: start `make gdb` first") from None
        print("The console: leave with Ctrl-A X; what came before:", flush=True)
        with open(m.BUILD / options.stage / "serial.log", "rb") as log:
            bridge(console.fileno(), log)
    print("\r")
    return 0


# ---- bochs ----


def verb_bochs(options: argparse.Namespace) -> int:
    """Bochs, with COM1 on this terminal; with --debug its debugger is there."""
    machine = to_debug(options, iso=True)
    os.chdir(m.ROOT)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    log = machine.build / ("bochs-debugger.log" if options.debug else "bochs.log")
    command = bochs_command(
        machine, os.ttyname(theirs), log, window=options.window, debug=options.debug
    )
    if options.debug:
        return bochs_debug(machine, command, ours)
    print(f"Signalbox {machine.stage} in Bochs, {machine.cpus} CPUs: {LEAVE}.")
    print(f"Bochs's own log is {log}.", flush=True)
    bochs = start(command, log.with_suffix(".out"), [theirs])  # open until it ends
    os.close(theirs)
    try:
        if options.batch:
            while data := read_some(ours):
                write_all(sys.stdout.fileno(), data)
        else:
            bridge(ours)
    finally:
        kill(bochs)
    print(f"\r\n{bochs_ending(log)}")
    return 0


def bochs_ending(log: Path) -> str:
    """Why Bochs ended, from its own log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    panics = [line for line in text.splitlines() if ">>PANIC<<" in line]
    if any("Shutdown port" in line for line in panics):
        return "Signalbox: powered off"
    return "\n".join(panics) or "Bochs has ended."


def bochs_debug(machine: m.Machine, command: list[str], terminal: int) -> int:
    """Bochs's debugger here; COM1 on the socket of `make console`."""
    path = console_path(machine.stage)
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)
    log = machine.build / "serial.log"
    threading.Thread(target=serve_console, args=(server, terminal, log), daemon=True).start()
    print("The console is in a second terminal: make console")
    print('`c` continues, `lb "kmain"` sets a breakpoint, `help` lists the rest.', flush=True)
    leave_interrupts_to_the_child()
    with terminal_kept():
        return subprocess.run(command, check=False).returncode


def serve_console(server: socket.socket, terminal: int, log: Path) -> None:
    """Copies COM1 to the log, and to and from whoever is connected."""
    clients: list[socket.socket] = []

    def listen() -> None:
        while True:
            client, _ = server.accept()
            clients.append(client)
            threading.Thread(target=pump, args=(client,), daemon=True).start()

    def pump(client: socket.socket) -> None:
        while data := read_some(client.fileno()):
            write_all(terminal, data)
        clients.remove(client)
        client.close()

    threading.Thread(target=listen, daemon=True).start()
    with open(log, "wb", buffering=0) as file:
        while data := read_some(terminal):
            file.write(data)
            for client in list(clients):
                client.sendall(data)


def main() -> int:
    """Does what the first argument says."""
    parser = Parser(prog="tools.machine", description="Start Signalbox.")
    verbs = parser.add_subparsers(dest="verb", required=True)

    run = verbs.add_parser("run", help="in QEMU, with the console on this terminal")
    machine_arguments(run)
    run.set_defaults(verb=verb_run)

    gdb = verbs.add_parser("gdb", help="in QEMU under GDB, stopped where it begins")
    machine_arguments(gdb)
    gdb.add_argument("--at", default=FIRST_PLACE, metavar="WHERE", help="where to stop first")
    gdb.add_argument("--gdb-args", default="", metavar="ARGS", help="more for GDB")
    gdb.set_defaults(verb=verb_gdb)

    bochs = verbs.add_parser("bochs", help="from the ISO, in Bochs")
    machine_arguments(bochs)
    bochs.add_argument("--debug", action="store_true", help="in the debugger of Bochs")
    bochs.add_argument("--batch", action="store_true", help="no keyboard; ends with the kernel")
    bochs.set_defaults(verb=verb_bochs)

    console = verbs.add_parser("console", help="of a kernel under GDB or Bochs's debugger")
    console.add_argument("--stage", default=m.DEFAULT_STAGE)
    console.set_defaults(verb=verb_console)

    try:
        options = parser.parse_args()
        status: int = options.verb(options)
    except Trouble as trouble:
        print(f"signalbox: {trouble}", file=sys.stderr)
        return 1
    return status
