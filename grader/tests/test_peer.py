"""Tests with an outside half: against a guest that is a few lines of Python."""

from __future__ import annotations

import re

import pytest

from grader.tests.fakes import LAB

PEER = 'kind = "peer"\nneeds = ["qmp"]'

# Behaves as `how` says for each test; "> " lines are the program's.
GUEST = """\
import json, select, socket, sys
qmp, log, token, tests, how = sys.argv[1:]
channel = socket.socket(fileno=int(qmp))
file = channel.makefile("r")
out = open(log, "a", buffering=1 << 16 if how == "rush" else 1)
def say(text):
    out.write(text + "\\r\\n")
def frame(text):
    say(f"\\n#@{token} {text}")
def answer(thing):
    channel.sendall(json.dumps(thing).encode() + b"\\n")
answer({"QMP": {}})
answer({"return": {}}) if file.readline() else None
frame("ready")
for test in tests.split():
    frame(f"begin {test}")
    how_now = "leave" if how == "rush" else how if test == "09/first" else "echo"
    say("> ready")
    seen = []
    while len(seen) < 3 and how_now != "leave":
        request = json.loads(file.readline())
        answer({"return": {}})
        if request["execute"] == "inject-nmi":
            for line in ("NMI report, by CPU 0", "CPU 0: thread 6 (x), interrupts off",
                         "  #0 lab_x+0x9 (labs/09-fake/work.c:9)", "NMI report ends"):
                say(line)
            continue
        key = request["arguments"]["events"][0]["data"]["key"]["data"]
        seen.append(key)
        while how_now == "deaf" and not select.select([channel], [], [], 0)[0]:
            pass  # busy: only then does its CPU time run out
        if how_now == "deaf":
            seen.clear()
        else:
            say("a line of the kernel's own")
            say(f"> {'lie' if how_now == 'lie' else key}")
    frame(f"end {test} {'fail' if how_now == 'fail' else 'ok'} runs=1")
frame("done")
sys.exit(33)
"""

HALF = """\
from grader.peer import Guest


def run(guest: Guest) -> None:
    guest.expect("ready")
    for _ in range(3):
        key = guest.random.choice("abcdefghijklmnopqrstuvwxyz")
        guest.keys([(key, True)])
        guest.expect(key)
"""


@pytest.fixture
def peer(tree):
    """Both tests have outside halves."""
    tree.toml(re.sub(r"(points = \d+)", rf"\1\n{PEER}", LAB))
    (tree.lab / "tests").mkdir()
    half(tree, "first", HALF)
    half(tree, "second", HALF)
    (tree.root / "guest.py").write_text(GUEST)
    module = tree.root / "grader/peer.py"
    module.write_text(module.read_text().replace("PATIENCE = 4.0", "PATIENCE = 0.5"))
    behave(tree, "echo")
    return tree


def half(tree, name: str, text: str) -> None:
    (tree.lab / "tests" / f"{name}.py").write_text(text)


def behave(tree, how: str) -> None:
    tree.fake(f'exec python3 {tree.root}/guest.py "$qmp" "$log" "$token" "$tests" {how}')


def test_both_halves_agree(peer) -> None:
    done = peer.grade()
    assert done.last == "lab 09-fake: 100/100", done.out + done.err
    assert len(done.boots) == 1


def test_what_came_is_compared_outside(peer) -> None:
    behave(peer, "lie")
    done = peer.grade()
    assert done.verdict("first") == "WRONG"
    assert done.verdict("second") == "PASS"  # in a boot of its own
    found = re.search(r'expected "(\w)", got "lie"', done.out)
    assert found, done.out
    assert f"done before: keys +{found[1]}" in done.out
    assert re.search(r"on 1 CPU with seed=\d+\n", done.out)
    assert re.search(r"again  make grade LAB=9 TEST=first CPUS=1 SEED=\d+\n", done.out)


def test_the_seed_repeats_what_is_typed(peer) -> None:
    behave(peer, "lie")
    typed = [peer.grade("--test", "first", "--seed", seed).out for seed in "556"]
    keys = [re.search(r"done before: keys \+(\w)", out)[1] for out in typed]
    assert keys[0] == keys[1]
    assert "seed=5" in typed[0]
    assert "seed=6" in typed[2]


def test_silence_is_told_with_the_place(peer) -> None:
    behave(peer, "deaf")
    done = peer.grade("--test", "first")
    assert done.verdict("first") == "WRONG"
    assert re.search(r'expected "\w", and nothing more came; CPU 0 is in lab_x\+0x9', done.out)
    assert not peer.qemus()


def test_a_program_that_ends_too_early(peer) -> None:
    behave(peer, "leave")
    done = peer.grade()
    assert done.verdict("first") == "WRONG"
    assert done.verdict("second") == "PASS"


def test_programs_that_end_at_once(peer) -> None:
    """Each is heard, though both have gone before anybody could look."""
    behave(peer, "rush")
    done = peer.grade()
    assert done.last == "lab 09-fake: 0/100"
    assert len(re.findall(r'expected "[a-z]", and the program has ended', done.out)) == 2


def test_a_failed_program_is_no_pass(peer) -> None:
    behave(peer, "fail")
    assert peer.grade().verdict("first") == "WRONG"


def test_a_mistake_in_an_outside_half_is_nobody_s_fault(peer) -> None:
    half(peer, "first", "def run(guest):\n    guest.expect('ready')\n    1 / 0\n")
    done = peer.grade()
    assert done.status == 2
    assert "a mistake in an outside half: ZeroDivisionError" in done.err
    half(peer, "first", "import nonsense\n")
    done = peer.grade()
    assert done.status == 2
    assert "labs/09-fake/tests/first.py: ModuleNotFoundError" in done.err


def test_halves_share_a_module_beside_them(peer) -> None:
    half(peer, "shared", "def key(guest):\n    return guest.random.choice('abc')\n")
    for name in ("first", "second"):
        using = HALF.replace("import Guest\n", "import Guest\n\nfrom .shared import key as choose\n")
        using = re.sub(r"guest\.random\.choice\(.*?\)", "choose(guest)", using)
        half(peer, name, using)
    done = peer.grade()
    assert done.last == "lab 09-fake: 100/100", done.out + done.err


def test_a_missing_outside_half(peer) -> None:
    (peer.lab / "tests/second.py").unlink()
    done = peer.grade()
    assert done.status == 2
    assert "there is no tests/second.py, its outside half" in done.err


def test_seeds_and_panics_are_nothing_for_it(peer) -> None:
    text = (peer.lab / "lab.toml").read_text()
    (peer.lab / "lab.toml").write_text(text.replace(PEER, PEER + "\nsched = { random = 1 }"))
    assert 'sched is nothing for kind = "peer"' in peer.grade().err


def test_programs_and_kernel_tests_share_no_boot(peer) -> None:
    peer.toml(LAB.replace("points = 60", 'points = 60\nkind = "user"'))
    peer.fake(
        """
        frame ready
        for test in $tests; do
            frame begin $test; say "    # a program's own words"; frame end $test fail runs=1
        done
        frame done; exit 35
        """
    )
    done = peer.grade()
    assert "a program's own words" in done.out
    assert len(done.boots) == 2
    assert not any("first" in line and "second" in line for line in done.boots)
