"""The machine: named to the last digit, and its exits told in words."""

from __future__ import annotations

from tools.machine import machine
from tools.machine.boot import End
from tools.machine.evidence import INTERRUPT
from tools.machine.machine import Machine
from tools.machine.terminal import filter_keys


def test_the_log_names_the_machine() -> None:
    name = Machine().name()
    assert name.startswith("qemu-")
    assert name.endswith(",pc-i440fx-7.2,qemu64+smep+smap")
    assert " " not in name


def test_icount_is_complete() -> None:
    command = Machine(icount=True).qemu_command([])
    assert command[command.index("-icount") + 1] == "shift=0,sleep=off"
    assert "clock=vm" in command[command.index("-rtc") + 1]
    assert "-icount" not in Machine().qemu_command([])


def test_words_for_the_kernel_come_last() -> None:
    command = Machine(append="test=all").qemu_command([])
    line = command[command.index("-append") + 1]
    assert line.startswith("machine=qemu-")
    assert line.endswith(" test=all")


def test_the_machine_can_be_started_by_hand() -> None:
    machine = Machine(cpus=4, memory=32, append="test=a/b seed=7", icount=True)
    text = machine.by_hand()
    assert text.startswith("make run ")
    assert text.endswith(" CPUS=4 MEMORY=32 ICOUNT=1 APPEND='test=a/b seed=7'")


def test_what_ends_at_the_monitor_by_hand_does_too() -> None:
    assert Machine(append="seed=7").by_hand().endswith(" APPEND='seed=7 monitor'")


def test_exit_status_in_words() -> None:
    assert machine.TESTS_PASSED == 33
    assert "passed" in machine.exit_words(33)
    assert "panic" in machine.exit_words(37)
    assert "passed" not in machine.exit_words(0)
    assert "signal 9" in machine.exit_words(-9)
    assert "triple fault" in End(0, triple_fault=True).words


def test_exceptions_are_found_in_the_log_of_qemu() -> None:
    line = (
        "     2: v=0e e=0002 i=0 cpl=0 IP=0008:ffffffff80101234 pc=ffffffff80101234 "
        "SP=0010:ffffffff80200ff8 CR2=0000000000000010"
    )
    found = INTERRUPT.search(line)
    assert found
    assert found["vector"] == "0e"
    assert found["rip"] == "ffffffff80101234"
    assert found["cr2"] == "0000000000000010"


def test_ctrl_a_x_leaves() -> None:
    assert filter_keys(b"ab", False) == (b"ab", False, False)
    assert filter_keys(b"a\x01", False) == (b"a", True, False)
    assert filter_keys(b"x", True) == (b"", False, True)
    assert filter_keys(b"\x01\x01b", False) == (b"\x01b", False, False)
    assert filter_keys(b"\x01b", False) == (b"\x01b", False, False)
    assert filter_keys(b"\x03", False) == (b"\x03", False, False)
