"""python3 -m tools.machine.symbols KERNEL.elf OUT.bin: the table that names addresses in a panic.

The Makefile links the kernel twice: this script reads the first result, and
what it writes goes into section .ksyms of the second.  kernel/explain/symbols.c
reads the table there, and describes its layout; the two must agree.

Names come from the ELF symbol table (System V ABI, chapter 4), and lines from
.debug_line (DWARF 5, section 6.2; GCC writes version 5, NASM version 3).  Both
are decoded here, and not by readelf or objdump: that takes a third of the
time, at every link, and does not depend on how a tool prints its answer.
"""

import os
import struct
import sys
from typing import Iterator, NamedTuple

MAGIC = 0x4D595342  # "BSYM"
KERNEL_BASE = 0xFFFFFFFF80000000  # of kernel/include/layout.h
IMAGE_MAX = 0x80000000  # offsets above have no place in 2 GiB
BLOCK_ROWS = 32  # a reader that looks for one row passes half as many

SHT_SYMTAB = 2
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
SHF_ALLOC, SHF_EXECINSTR = 2, 4
STT_NOTYPE, STT_OBJECT, STT_FUNC = 0, 1, 2
STB_LOCAL = 0

# What the entries of a DWARF 5 directory or file table hold, and how.
DW_LNCT_PATH, DW_LNCT_DIRECTORY_INDEX = 1, 2
DW_FORM_STRING, DW_FORM_LINE_STRP, DW_FORM_STRP = 0x08, 0x1F, 0x0E
DW_FORM_UDATA, DW_FORM_BLOCK = 0x0F, 0x09
DW_FORM_SIZES = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}

# Opcodes of a line number program.
DW_LNS_COPY, DW_LNS_ADVANCE_PC, DW_LNS_ADVANCE_LINE = 1, 2, 3
DW_LNS_SET_FILE, DW_LNS_CONST_ADD_PC, DW_LNS_FIXED_ADVANCE_PC = 4, 8, 9
DW_LNE_END_SEQUENCE, DW_LNE_SET_ADDRESS = 1, 2

NO_LINE = ("", 0)  # from here on, no source line is known


class Section(NamedTuple):
    kind: int
    flags: int
    data: bytes
    link: int


class Symbol(NamedTuple):
    address: int
    size: int
    name: str


Row = tuple[int, str, int]  # address, file, line


def c_string(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode()


def read_sections(elf: bytes) -> tuple[list[Section], dict[str, bytes]]:
    """The sections in order, and their contents by name."""
    if elf[:6] != b"\x7fELF\x02\x01":
        sys.exit("symbols.py: not a 64-bit little-endian ELF file")
    table = struct.unpack_from("<Q", elf, 0x28)[0]
    entry_size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    names: list[int] = []
    sections: list[Section] = []
    for i in range(count):
        name, kind, flags, _, offset, size, link = struct.unpack_from(
            "<IIQQQQI", elf, table + i * entry_size
        )
        data = b"" if kind == 8 else elf[offset : offset + size]
        names.append(name)
        sections.append(Section(kind, flags, data, link))
    strings = sections[names_index].data
    by_name = {
        c_string(strings, name): section.data for name, section in zip(names, sections)
    }
    return sections, by_name


def read_symbols(sections: list[Section]) -> list[Symbol]:
    """Functions, objects and the labels of assembly code, by address."""
    found: dict[int, tuple[tuple[bool, bool], Symbol]] = {}
    for section in sections:
        if section.kind != SHT_SYMTAB:
            continue
        strings = sections[section.link].data
        for name_at, info, _, index, value, size in struct.iter_unpack(
            "<IBBHQQ", section.data
        ):
            kind, binding = info & 15, info >> 4
            if index == SHN_UNDEF or index >= len(sections):
                continue
            if not KERNEL_BASE <= value < KERNEL_BASE + IMAGE_MAX:
                continue
            name = c_string(strings, name_at)
            flags = sections[index].flags
            is_label = kind == STT_NOTYPE and name and "." not in name
            if not is_label and kind not in (STT_FUNC, STT_OBJECT):
                continue
            if not flags & SHF_ALLOC:
                continue
            # Of several names for one address, a function's or object's own
            # is better than a label such as text_start, a global one better
            # than a local one.
            rank = (kind != STT_NOTYPE, binding != STB_LOCAL)
            if value not in found or rank > found[value][0]:
                found[value] = rank, Symbol(value, size, name)
    return [symbol for _, symbol in sorted(found.values(), key=lambda f: f[1])]


class Reader:
    """Walks over bytes; the numbers of DWARF are little-endian."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def fixed(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def uleb(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sleb(self) -> int:
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def string(self) -> str:
        text = c_string(self.data, self.at)
        self.at += len(text.encode()) + 1
        return text


class LineUnit:
    """One unit of .debug_line: its header, and the program behind it."""

    def __init__(self, reader: Reader, strings: dict[str, bytes], root: str) -> None:
        self.strings = strings
        self.offset_size = 4
        length = reader.fixed(4)
        if length == 0xFFFFFFFF:
            self.offset_size = 8
            length = reader.fixed(8)
        self.end = reader.at + length
        version = reader.fixed(2)
        if version >= 5:
            reader.fixed(2)  # sizes of an address and of a segment selector
        header_length = reader.fixed(self.offset_size)
        self.program = reader.at + header_length
        self.min_length = reader.fixed(1)
        if version >= 4:
            reader.fixed(1)  # operations in an instruction: 1, but on VLIW
        reader.fixed(1)  # is a row a statement's start by default?
        self.line_base = reader.fixed(1)
        if self.line_base > 127:
            self.line_base -= 256
        self.line_range = reader.fixed(1)
        self.opcode_base = reader.fixed(1)
        self.operands = [0] + [reader.fixed(1) for _ in range(self.opcode_base - 1)]
        read_names = self.names_v5 if version >= 5 else self.names_v2
        self.files = [repository_path(root, path) for path in read_names(reader)]

    def names_v2(self, reader: Reader) -> Iterator[str]:
        directories = [""]
        while name := reader.string():
            directories.append(name)
        yield ""  # files count from 1
        while name := reader.string():
            yield os.path.join(directories[reader.uleb()], name)
            reader.uleb()  # when modified
            reader.uleb()  # size

    def names_v5(self, reader: Reader) -> Iterator[str]:
        directories = [path for path, _ in self.entries_v5(reader)]
        for path, index in self.entries_v5(reader):
            yield os.path.join(directories[0], directories[index], path)

    def entries_v5(self, reader: Reader) -> list[tuple[str, int]]:
        formats = [(reader.uleb(), reader.uleb()) for _ in range(reader.fixed(1))]
        entries = []
        for _ in range(reader.uleb()):
            path, directory = "", 0
            for content, form in formats:
                value = self.value(reader, form)
                if content == DW_LNCT_PATH:
                    path = str(value)
                elif content == DW_LNCT_DIRECTORY_INDEX:
                    directory = int(value)
            entries.append((path, directory))
        return entries

    def value(self, reader: Reader, form: int) -> str | int:
        if form == DW_FORM_STRING:
            return reader.string()
        if form == DW_FORM_LINE_STRP:
            at = reader.fixed(self.offset_size)
            return c_string(self.strings[".debug_line_str"], at)
        if form == DW_FORM_STRP:
            at = reader.fixed(self.offset_size)
            return c_string(self.strings[".debug_str"], at)
        if form == DW_FORM_UDATA:
            return reader.uleb()
        if form == DW_FORM_BLOCK:
            return reader.fixed(reader.uleb())
        return reader.fixed(DW_FORM_SIZES[form])

    def rows(self, reader: Reader) -> Iterator[Row]:
        """Runs the program.  It has one opcode for "add to address and line,
        and emit a row", in many variants, and a few for all else."""
        address, file, line = 0, 1, 1
        data, files, end = reader.data, self.files, self.end
        opcode_base, line_base = self.opcode_base, self.line_base
        line_range, min_length = self.line_range, self.min_length
        reader.at = self.program
        while reader.at < end:
            opcode = data[reader.at]
            reader.at += 1
            if opcode >= opcode_base:
                opcode -= opcode_base
                address += opcode // line_range * min_length
                line += line_base + opcode % line_range
                yield address, files[file], line
            elif opcode == DW_LNS_COPY:
                yield address, files[file], line
            elif opcode == DW_LNS_ADVANCE_PC:
                address += reader.uleb() * min_length
            elif opcode == DW_LNS_ADVANCE_LINE:
                line += reader.sleb()
            elif opcode == DW_LNS_SET_FILE:
                file = reader.uleb()
            elif opcode == DW_LNS_CONST_ADD_PC:
                address += (255 - opcode_base) // line_range * min_length
            elif opcode == DW_LNS_FIXED_ADVANCE_PC:
                address += reader.fixed(2)
            elif opcode == 0:
                size = reader.uleb()
                after = reader.at + size
                extended = reader.fixed(1)
                if extended == DW_LNE_END_SEQUENCE:
                    yield address, *NO_LINE
                    address, file, line = 0, 1, 1
                elif extended == DW_LNE_SET_ADDRESS:
                    address = reader.fixed(size - 1)
                reader.at = after
            else:  # view numbers, columns, prologue ends: of no use here
                for _ in range(self.operands[opcode]):
                    reader.uleb()


def repository_path(root: str, path: str) -> str:
    path = os.path.normpath(path)
    return path.removeprefix(root + os.sep)


def is_header(path: str) -> bool:
    """Is its code part of functions of other files?"""
    return path.endswith(".h")


def read_rows(sections: dict[str, bytes], root: str) -> list[Row]:
    """All rows by address; without those that repeat the one before.

    The line of a header does not say who uses it.  Code that is inlined stands
    behind code of its user's, mostly that of the call: so before a header's row
    there is one of the same address, or less, with the user's line.
    """
    reader = Reader(sections.get(".debug_line", b""))
    rows: dict[int, tuple[str, int]] = {}
    users: dict[int, tuple[str, int]] = {}  # of the headers' rows
    last_user = NO_LINE
    while reader.at < len(reader.data):
        unit = LineUnit(reader, sections, root)
        for address, file, line in unit.rows(reader):
            # An end may share its address with the next sequence's start,
            # which may have come first.  Line 0 is code without a line.
            if line == 0 and (file or rows.get(address, NO_LINE) != NO_LINE):
                continue
            rows[address] = file, line
            if is_header(file):
                users[address] = last_user
            else:
                last_user = file, line
        reader.at = unit.end
    last_user = NO_LINE
    kept: list[Row] = []
    last = NO_LINE
    for address in sorted(rows):
        if not KERNEL_BASE <= address < KERNEL_BASE + IMAGE_MAX:
            continue
        # Where code of a header is, its user's line stands before it.
        file, line = rows[address]
        user = users.get(address, NO_LINE)
        if is_header(file) and user not in (last_user, NO_LINE):
            kept.append((address, *user))
            last = last_user = user
        if (file, line) != last:
            last = file, line
            kept.append((address, file, line))
        if not is_header(file):
            last_user = last
    return kept


class Strings:
    """The texts of the table, each once."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")
        self.offsets: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        if text not in self.offsets:
            self.offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self.offsets[text]


def uleb(number: int) -> bytes:
    """A number in as few bytes as it takes (DWARF 5, section 7.6)."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def user_begins_block(rows: list[Row]) -> Iterator[Row]:
    """The same rows; a block that would begin with a header's has its user's first."""
    count, user = 0, NO_LINE
    for row in rows:
        if not is_header(row[1]):
            user = row[1:]
        elif count % BLOCK_ROWS == 0 and user != NO_LINE:
            yield row[0], *user
            count += 1
        yield row
        count += 1


def pack_rows(rows: list[Row], files: dict[str, int]) -> tuple[bytes, bytes]:
    """Blocks, which begin with a whole row, and the steps to the rows after it."""
    blocks, steps = bytearray(), bytearray()
    last_address, last_file, last_line = 0, 0, 0
    for i, (address, name, line) in enumerate(user_begins_block(rows)):
        file = files.setdefault(name, len(files))
        line = min(line, 0xFFFF)
        if i % BLOCK_ROWS == 0:
            blocks += struct.pack(
                "<IIHH", address - KERNEL_BASE, len(steps), file, line
            )
        else:
            # A sign cannot stand before a number: it is its lowest bit.
            change = line - last_line
            change = -change << 1 | 1 if change < 0 else change << 1
            steps += uleb(address - last_address) + uleb(
                change << 1 | (file != last_file)
            )
            if file != last_file:
                steps += uleb(file)
        last_address, last_file, last_line = address, file, line
    return bytes(blocks), bytes(steps)


def make_table(symbols: list[Symbol], rows: list[Row]) -> bytes:
    strings = Strings()
    files: dict[str, int] = {}
    symbol_data = b"".join(
        struct.pack("<III", s.address - KERNEL_BASE, s.size, strings.add(s.name))
        for s in symbols
    )
    blocks, steps = pack_rows(rows, files)
    file_data = b"".join(struct.pack("<I", strings.add(file)) for file in files)
    header = struct.pack(
        "<IIIIII",
        MAGIC,
        len(symbols),
        len(blocks) // 12,
        len(files),
        len(steps),
        len(strings.data),
    )
    return header + symbol_data + blocks + file_data + steps + bytes(strings.data)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: symbols.py KERNEL.elf OUT.bin")
    root = os.path.abspath(__file__).rsplit(os.sep, 3)[0]
    with open(sys.argv[1], "rb") as elf_file:
        sections, by_name = read_sections(elf_file.read())
    table = make_table(read_symbols(sections), read_rows(by_name, root))
    with open(sys.argv[2], "wb") as out_file:
        out_file.write(table)


if __name__ == "__main__":
    main()
