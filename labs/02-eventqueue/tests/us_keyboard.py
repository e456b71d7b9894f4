"""What a correct kernel makes of keys: shared by the outside halves of this folder.

Nothing here looks at the kernel's own key map: the keys, their scan codes (set 1)
and characters are those of a US keyboard, the numbers those of Linux's
input-event-codes.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.peer import Guest, Silence, Wrong

SHIFT, CTRL, ALT, CAPS, REPEATED = 1, 2, 4, 8, 0x100
FLAGS = {
    SHIFT: "MOD_SHIFT", CTRL: "MOD_CTRL", ALT: "MOD_ALT", CAPS: "MOD_CAPS",
    REPEATED: "KEY_REPEATED",
}  # fmt: skip

# What a test looks at, besides which key went down or up.
WITH_CHARACTER, WITH_FLAGS = "character", "flags"


@dataclass(frozen=True)
class Key:
    """A key."""

    code: int  # in set 1
    number: int
    plain: str = ""  # the character that it makes
    shifted: str = ""
    modifier: int = 0
    extended: bool = False

    def scancodes(self, down: bool) -> list[int]:
        """The bytes that it sends."""
        return [0xE0] * self.extended + [self.code | (0 if down else 0x80)]


def rows() -> dict[str, Key]:
    """The keys that make characters: in rows, with the code of their first."""
    found = {}
    named = {
        "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right", ";": "semicolon",
        "'": "apostrophe", "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot",
        "/": "slash",
    }  # fmt: skip
    for first, plain, shifted in (
        (0x02, "1234567890-=", "!@#$%^&*()_+"),
        (0x10, "qwertyuiop[]", "QWERTYUIOP{}"),
        (0x1E, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
        (0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    ):
        # The left shift lies between ` and \ and has a code of its own.
        for offset, (low, high) in enumerate(zip(plain, shifted, strict=True)):
            code = first + offset
            found[named.get(low, low)] = Key(code, code, low, high)
    return found


def others() -> dict[str, Key]:
    """Those with a name, and those behind the prefix 0xe0."""
    found = {
        name: Key(code, code, char, char)
        for name, code, char in (
            ("esc", 1, "\x1b"), ("backspace", 14, "\x7f"), ("tab", 15, "\t"), ("ret", 28, "\r"),
            ("spc", 57, " "), ("f1", 59, ""), ("f10", 68, ""), ("num_lock", 69, ""),
            ("kp_multiply", 55, "*"), ("kp_7", 71, "7"), ("kp_subtract", 74, "-"),
            ("kp_5", 76, "5"), ("kp_add", 78, "+"), ("kp_0", 82, "0"), ("kp_decimal", 83, "."),
            ("f11", 87, ""), ("f12", 88, ""),
        )
    }  # fmt: skip
    for name, code, number in (
        ("home", 0x47, 102), ("up", 0x48, 103), ("pgup", 0x49, 104), ("left", 0x4B, 105),
        ("right", 0x4D, 106), ("end", 0x4F, 107), ("down", 0x50, 108), ("pgdn", 0x51, 109),
        ("insert", 0x52, 110), ("delete", 0x53, 111), ("meta_l", 0x5B, 125),
    ):  # fmt: skip
        found[name] = Key(code, number, extended=True)
    found["kp_enter"] = Key(0x1C, 96, "\r", "\r", extended=True)
    found["kp_divide"] = Key(0x35, 98, "/", "/", extended=True)
    return found


MODIFIERS = {
    "shift": Key(0x2A, 42, modifier=SHIFT),
    "shift_r": Key(0x36, 54, modifier=SHIFT),
    "ctrl": Key(0x1D, 29, modifier=CTRL),
    "ctrl_r": Key(0x1D, 97, modifier=CTRL, extended=True),
    "alt": Key(0x38, 56, modifier=ALT),
    "alt_r": Key(0x38, 100, modifier=ALT, extended=True),
    "caps_lock": Key(0x3A, 58),
}
CHARACTERS = rows()
OTHERS = others()
EXTENDED = [name for name, key in OTHERS.items() if key.extended]
KEYS = CHARACTERS | OTHERS | MODIFIERS


def character(key: Key, modifiers: int) -> int:
    """What a program gets for a key."""
    letter = key.plain.isalpha()
    shift = bool(modifiers & SHIFT) != (letter and bool(modifiers & CAPS))
    text = key.shifted if shift else key.plain
    if not text:
        return 0
    if modifiers & CTRL and (letter or "@" <= text <= "_"):
        return ord(text) & 0x1F
    return ord(text)


class Keyboard:
    """The state of all keys; says what each change must be told as.

    Of the program's lines, the test is about these fields.
    """

    def __init__(self, *about: str) -> None:
        self.about = about
        self.down: set[str] = set()
        self.caps = False

    @property
    def modifiers(self) -> int:
        """Of the keys that are held."""
        found = CAPS if self.caps else 0
        for name in self.down:
            found |= KEYS[name].modifier
        return found

    def change(self, name: str, down: bool) -> str:
        """A key goes down or up: the line of the program that says so."""
        key, repeated = KEYS[name], down and name in self.down
        if down:
            self.down.add(name)
        else:
            self.down.discard(name)
        if name == "caps_lock" and down and not repeated:
            self.caps = not self.caps
        if not down:
            return f"up {key.number} 0 {self.modifiers}"
        flags = self.modifiers | (REPEATED if repeated else 0)
        return f"down {key.number} {character(key, self.modifiers)} {flags}"


Change = tuple[str, bool]


def words(changes: Sequence[Change]) -> str:
    """What was typed, for people."""
    return " ".join(f"{'+' if down else '-'}{name}" for name, down in changes)


def is_key(line: str) -> bool:
    """Is it a line about a key, "down KEY CHARACTER FLAGS" or "up ..."?"""
    words_of_it = line.split()
    return len(words_of_it) == 4 and words_of_it[0] in ("down", "up")


def seen(line: str, about: Sequence[str]) -> str:
    """What a test looks at in a line of the program, in words."""
    if not is_key(line):
        return line
    way, key, *rest = line.split()
    char, flags = map(int, rest)
    text = f"key {key} {way}"
    if WITH_CHARACTER in about:
        text += f", character {char}" + (f" '{chr(char)}'" if 32 < char < 127 else "")
    if WITH_FLAGS in about:
        names = [name for bit, name in FLAGS.items() if flags & bit]
        unknown = flags & ~sum(FLAGS)
        text += ", flags " + ("|".join(names + [hex(unknown)] * bool(unknown)) or "none")
    return text


def expect_lines(
    guest: Guest, lines: Sequence[str], done: str, about: Sequence[str] = ()
) -> None:
    """The program's next lines are these, as far as the test looks, since this was done."""
    for position, line in enumerate(lines, 1):
        wanted = seen(line, about)
        try:
            got = seen(guest.line(), about)
        except Silence as silence:
            raise Silence(f'{done}: expected "{wanted}", and {silence}') from None
        if got != wanted:
            which = f"event {position} of {len(lines)}: " if len(lines) > 1 else ""
            raise Wrong(f'{done}: {which}expected "{wanted}", got "{got}"')


def press(guest: Guest, keyboard: Keyboard, changes: Sequence[Change]) -> None:
    """Types, all at once; the program must see just that.

    No more than 16 bytes at once: else the keyboard loses some.
    """
    assert sum(len(KEYS[name].scancodes(down)) for name, down in changes) <= 16
    lines = [keyboard.change(name, down) for name, down in changes]
    guest.keys(changes)
    expect_lines(guest, lines, f"typed {words(changes)}", keyboard.about)


def release_all(guest: Guest, keyboard: Keyboard) -> None:
    """Nothing is held, and no lock is on, for what comes next."""
    for name in sorted(keyboard.down):
        press(guest, keyboard, [(name, False)])
    if keyboard.caps:
        press(guest, keyboard, [("caps_lock", True), ("caps_lock", False)])


def finish(guest: Guest, keyboard: Keyboard) -> None:
    """The release of Esc ends the program."""
    release_all(guest, keyboard)
    press(guest, keyboard, [("esc", True), ("esc", False)])
