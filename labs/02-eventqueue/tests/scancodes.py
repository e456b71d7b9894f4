"""Types for three subscribers, of which one dies and one leaves: each gets all bytes."""

from __future__ import annotations

from grader.peer import Guest, Silence, Wrong

from .us_keyboard import CHARACTERS, EXTENDED, KEYS, words

NAMES = sorted(set(CHARACTERS) - {"0", "9"}) + EXTENDED
BURSTS = 8


def collect(guest: Guest, count: int, done: str) -> dict[str, list[str]]:
    """So many lines "WHO BYTE", by who: the three are not in step."""
    found: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    for _ in range(count):
        try:
            who, _, text = guest.line().partition(" ")
        except Silence as silence:
            got = ", ".join(f"{who} has {len(found[who])}" for who in found)
            raise Silence(f"{done}: {got} bytes, and {silence}") from None
        if who not in found:
            raise Wrong(f'{done}: got "{who} {text}"')
        found[who].append(text)
    return found


def press(guest: Guest, names: list[str], readers: str) -> None:
    """Types keys; each reader gets their bytes."""
    changes = [(name, down) for name in names for down in (True, False)]
    sent = [f"{byte:02x}" for name, down in changes for byte in KEYS[name].scancodes(down)]
    guest.keys(changes)
    done = f"typed {words(changes)}, for subscribers {', '.join(readers)}"
    found = collect(guest, len(sent) * len(readers), done)
    for who in readers:
        if found[who] != sent:
            raise Wrong(f"{done}: {who} expected {' '.join(sent)}, got {' '.join(found[who])}")


def some(guest: Guest) -> list[str]:
    """Keys of 16 bytes at most."""
    return guest.random.sample(NAMES, guest.random.randint(1, 4))


def run(guest: Guest) -> None:
    guest.expect("ready", "a ready")
    if {guest.line(), guest.line()} != {"b ready", "c ready"}:
        raise Wrong("expected that the two children subscribe")
    for _ in range(BURSTS):
        press(guest, some(guest), "abc")
    # The 0 kills b, in the middle of a key: it stops reading, the others go on.
    guest.keys([("0", True)])
    for who, texts in collect(guest, 3, "pressed 0").items():
        if texts != ["0b"]:
            raise Wrong(f"pressed 0, which kills b: {who} expected 0b, got {' '.join(texts)}")
    guest.keys([("0", False)])
    for who, texts in collect(guest, 2, "released 0, when b is dead").items():
        if texts != ([] if who == "b" else ["8b"]):
            raise Wrong(f"released 0, when b is dead: {who} got {' '.join(texts)}")
    for _ in range(BURSTS):
        press(guest, some(guest), "ac")
    guest.keys([("9", True)])
    left = collect(guest, 3, "pressed 9, at which c unsubscribes")
    if left["a"] != ["0a"] or left["c"] != ["0a", "gone"]:
        raise Wrong(f"pressed 9, at which c unsubscribes: got {left}")
    guest.keys([("9", False)])
    if collect(guest, 1, "released 9")["a"] != ["8a"]:
        raise Wrong("released 9: a expected 8a")
    for _ in range(BURSTS):
        press(guest, some(guest), "a")
    guest.keys([("esc", True), ("esc", False)])
    guest.expect("a 01", "a 81", "b killed", "a gone")
