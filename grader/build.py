"""Builds a stage by make, and says in words why it cannot be built.

Two kinds of failure, which must not be mixed up.  The student's: the compiler
or the linker stops at their files, or their objects use what the lab's
interface does not have; the verdict is BUILD.  The grader's: make, a tool or
the disk fails, or the given kernel does not compile; that is Trouble.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading

from grader.implementation import Failure, Implementation, is_given_header
from grader.load import Lab, place
from grader.intake import take_in
from grader.objects import check_interface
from tools.machine.errors import Trouble
from tools.machine.machine import BUILD, ROOT
from tools.machine.waiting import LAST_RESORT

# No compiler needs as much for a lab: CPU seconds and KiB of memory of a process,
# blocks of 512 bytes of a file.  What the host's shell cannot limit is not.
LIMITED = "".join(
    f"ulimit -{letter} {most} 2>/dev/null; "
    for letter, most in (("t", 60), ("v", 4 << 20), ("f", 1 << 20), ("c", 0))
)

LEAST_DISK = 1 << 20  # bytes; with less, a failure is the disk's
MOST_SAID = 1 << 20  # bytes of what make prints


# ---- reading what the compiler and the linker say ----

ERROR = re.compile(r"^(?P<place>[^\s:]+:\d+(?::\d+)?): (?:fatal )?error: (?P<text>.*)$")
INCLUDED = re.compile(r"^(?:In file included|\s+) from ([^\s:]+):\d+")
UNDEFINED = re.compile(r"undefined reference to [`'](\w+)'")
TWICE = re.compile(r"multiple definition of [`'](\w+)'")
CONTEXT = re.compile(r"^\s*(\d+)? *\|")  # the compiler's picture of the line


def explained(text: str) -> str:
    """An error of the compiler's that would make nobody wiser."""
    if "poisoned" in text:  # kernel/test/poison.h
        text += ": accesses to memory are schedule points in all of a lab's functions"
    return text


def compiler_failure(output: list[str], files: set[str]) -> Failure | None:
    """The first error, if it is in the student's files or in what these include."""
    included_by: list[str] = []
    for number, line in enumerate(output):
        found = INCLUDED.match(line)
        if found:
            included_by.append(found[1])
            continue
        found = ERROR.match(line)
        place_of = found["place"].split(":")[0] if found else ""
        if found and files & {place_of, *included_by}:
            if place_of not in files and not is_given_header(place_of):
                return Failure(  # and not a word of what is in it
                    f"{included_by[-1]} includes {place_of}, which is none of this lab's files "
                    "and no header of kernel/"
                )
            picture = []
            for more in output[number + 1 : number + 5]:
                if not CONTEXT.match(more):
                    break
                picture.append(more)
            return Failure(f"{found['place']}: {explained(found['text'])}", picture)
        if found:
            return None  # the given kernel's
        if line and not line[0].isspace() and "In function" not in line:
            included_by = []
    return None


def linker_failure(output: list[str], lab: Lab) -> Failure | None:
    """Functions that are missing, or there twice."""
    missing = list(dict.fromkeys(name for line in output for name in UNDEFINED.findall(line)))
    twice = list(dict.fromkeys(name for line in output for name in TWICE.findall(line)))
    files = " or ".join(lab.files)
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        return Failure(
            f"missing function {missing[0]}{more}: the kernel calls it, {files} must define it",
            [f"missing function {name}" for name in missing[1:9]],
        )
    if twice:
        places = [printed for printed in output if TWICE.search(printed)]
        return Failure(f"{twice[0]} is defined twice", [shorten(line) for line in places[:4]])
    return None


def object_failure(output: list[str], implementation: Implementation) -> Failure | None:
    """Whatever else stops the compiler or the assembler at a file of the student's."""
    folder = re.escape(place(implementation.build / "lab"))
    files = "|".join(map(re.escape, implementation.lab.files))
    at = rf"\*\*\* (?:\[.*{folder}/(?P<made>{files})\.o\]|No rule .*'{folder}/(?P<not>{files})\.o')"
    found = re.search(at, "\n".join(output))
    if not found:
        return None
    # Only what is about this file: the assembler would quote from another one.
    ours = re.compile(
        r"(?:\S*/cc\w+\.s:\d+|cc1|\S*gcc): (?!Assembler)(?=.*(?:error|memory|term))", re.I
    )
    telling = [ours.sub("", line) for line in output if ours.match(line)] or ["it fails"]
    return Failure(
        f"the compiler stops at {found['made'] or found['not']}: {telling[0]}", telling[1:5]
    )


def size_failure(output: list[str]) -> Failure | None:
    """The linker stops, but not because of a name."""
    text = "\n".join(output)
    if "/kernel.pre.elf] " in text and re.search(
        r"relocation truncated|File truncated|too large", text
    ):
        return Failure("the kernel does not fit into its memory: do your files have a huge array?")
    return None


def shorten(line: str) -> str:
    """A linker's line without where it was built."""
    return re.sub(r"\S*/(?=[\w-]+/[\w.-]+\.[co]\b)", "", line)


def make_trouble(output: list[str]) -> Trouble:
    """A failure that is not the student's, in one line."""
    telling = [line for line in output if re.search(r"error|\*\*\*|not found|missing", line)]
    line = (telling or output or ["make said nothing"])[0].strip()
    return Trouble(f"the kernel could not be built, and not for the student's files: {line}")


# ---- building ----


def source_names(implementation: Implementation) -> set[str]:
    """The student's files, as the compiler names them."""
    files = implementation.lab.files
    own = {f"{place(implementation.source)}/{file}" for file in files}
    return own | {f"labs/{implementation.lab.name}/{file}" for file in files}


def make_command(implementation: Implementation) -> list[str]:
    """Builds the stage's kernel.

    Of somebody else's files no more than that, and the programs: for editors,
    compile_commands.json is about this tree.
    """
    targets = ["kernel"]
    if implementation.files:
        targets = [f"build/{implementation.stage}/{name}" for name in ("kernel.elf32", "root.cpio")]
    copy = implementation.handed_in if implementation.files else None
    variables = [shlex.split(word)[0] for word in implementation.make_variables(copy)]
    make = ["make", "--no-print-directory", "-s", *targets, *variables]
    return ["sh", "-c", LIMITED + 'exec "$@"', "sh", *make]


def why_not(output: list[str], implementation: Implementation) -> Failure | None:
    """The student's failure in what make said, if it is one."""
    lab = implementation.lab
    failure = compiler_failure(output, source_names(implementation))
    failure = failure or object_failure(output, implementation)
    failure = failure or linker_failure(output, lab) or size_failure(output)
    if not failure and "/kernel.pre.elf] " in "\n".join(output):
        failure = check_interface(implementation)  # the objects are there
    return failure


def build(implementation: Implementation) -> Failure | None:
    """Builds the stage; None when all is well."""
    failure = take_in(implementation)
    if failure:
        return failure
    output = run_make(implementation)
    if output is not None and says_killed(output):
        # By the system, perhaps, which has more to do than this; by a student's
        # file, if it is so again.
        output = run_make(implementation)
    if output is None:
        return check_interface(implementation)
    if shutil.disk_usage(BUILD).free < LEAST_DISK:
        raise Trouble("the disk is full: the kernel could not be built")
    failure = why_not(output, implementation)
    if failure:
        return failure
    raise make_trouble(output)


def says_killed(output: list[str]) -> bool:
    """Was the compiler ended from outside?  A student's file can say so, too."""
    return any("Killed signal" in line for line in output)


def run_make(implementation: Implementation) -> list[str] | None:
    """What make said; None: it built the stage."""
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: text for name, text in os.environ.items() if name not in hidden}
    environment["LC_ALL"] = "C"  # the patterns above are English
    if not shutil.which("make"):
        raise Trouble("there is no make here: the kernel cannot be built")
    status, text = run_limited(make_command(implementation), environment)
    if status == 0:
        return None
    if implementation.files:  # as it was handed in, not as we keep it
        text = text.replace(place(implementation.handed_in), place(implementation.files))
    return text.splitlines()


def run_limited(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Its status and the beginning of what it prints; it has no terminal and no input.

    It is ended when it prints more than anybody reads, and when it hangs.
    """
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout
        guard = threading.Timer(LAST_RESORT, end_group, (process.pid,))
        guard.start()
        try:
            said = process.stdout.read(MOST_SAID)
            if len(said) == MOST_SAID:
                end_group(process.pid)
        except BaseException:
            end_group(process.pid)  # Ctrl-C
            raise
        finally:
            guard.cancel()
        return process.wait(), said.decode("utf-8", "replace")


def end_group(group: int) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
