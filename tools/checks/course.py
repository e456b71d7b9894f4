"""The course as students get it: published from this tree, and taken lab by lab.

This tree, with what has not been committed, becomes the one commit of a scratch
repository, build/check/course/source, and the course is published from there.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

from tools.course.gitcmd import git, git_object
from tools.machine.machine import ROOT

from .framework import LOGS, Context, check, expect
from .source import sources

COURSE = LOGS / "course"
SOURCE, PUBLISHED = COURSE / "source", COURSE / "published"

# What make must not hand on to the make of another tree.
OWN = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "LAB", "IMPL", "BASE", "TEST", "OUT", "HOOKS", "BUILD"}

publishing = threading.Lock()


def make(folder: Path, *words: str) -> tuple[int, str]:
    """make, as a person types it there: how it ended, and what it printed."""
    done = subprocess.run(
        ["make", *words],
        cwd=folder,
        env={name: text for name, text in os.environ.items() if name not in OWN},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def expect_make(folder: Path, status: int, words: str, *verbs: str) -> str:
    """It ends so, and says these words."""
    got, text = make(folder, *verbs)
    command = f"make {' '.join(verbs)} in a student's repository"
    expect((got != 0) == (status != 0), command, f"status {status}", f"{got}\n{text[-2000:]}")
    expect(words in text, command, words, text[-2000:])
    return text


def commit(folder: Path, words: str) -> None:
    """All that is there, by a name of its own."""
    git(folder, "add", "--all")
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgSign=false"]
    git(folder, *who, "commit", "--quiet", "-m", words)


@functools.cache
def publish() -> str:
    """This tree as a commit, and the course made from it; what make said."""
    shutil.rmtree(COURSE, ignore_errors=True)
    for file in sources():
        copy = SOURCE / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy, follow_symlinks=False)
    git(SOURCE, "init", "--quiet", "--initial-branch=main")
    commit(SOURCE, "All of it")
    status, text = make(SOURCE, "course", f"OUT={PUBLISHED}")
    expect(status == 0, "the course is not published", "success", text[-2000:])
    return text


def published_tags(context: Context) -> list[str]:
    """Publishes once, for all the checks; the tags."""
    with publishing:
        text = publish()
    for line in text.splitlines():
        if "left out" in line:
            context.note(line)
    tags = git(PUBLISHED, "tag", "--list", "lab-*").splitlines()
    expect(bool(tags), "the course has no tag", "lab-01", text)
    return tags


def files_at(tag: str) -> list[str]:
    """Every file of a tag."""
    return git(PUBLISHED, "ls-tree", "-r", "--name-only", tag).splitlines()


@check("course/tags", 8)
def tags_add(context: Context) -> None:
    """A tag only adds files, and a line of the index; made again, it is the same."""
    tags = published_tags(context)
    for before, tag in zip(tags, tags[1:], strict=False):
        changes = git(PUBLISHED, "diff", "--name-status", before, tag).splitlines()
        others = [line for line in changes if not line.startswith("A\t")]
        expect(others == ["M\tLABS.md"], f"{before} to {tag} does more than add files",
               "M LABS.md alone", others)  # fmt: skip
        index = git(PUBLISHED, "diff", "--numstat", before, tag, "--", "LABS.md")
        expect(index == "1\t0\tLABS.md", "the index", "one line more", index)
    again = COURSE / "again"
    for upto in [["UPTO=1"], []]:  # in two steps, as a term goes on
        status, text = make(SOURCE, "course", f"OUT={again}", *upto)
        expect(status == 0, "it is not published again", "success", text)
    head = git_object(SOURCE, "HEAD")
    for _ in range(2):
        status, text = make(SOURCE, "tags")
        expect(status == 0, "make tags fails", "success", text)
    expect(git_object(SOURCE, "HEAD") == head, "make tags moves HEAD")
    expect(text.count("as before") == len(tags), "make tags a second time", "as before", text)
    for tag in tags:
        made = [git_object(place, f"refs/tags/{tag}") for place in (PUBLISHED, again, SOURCE)]
        expect(len(set(made)) == 1, f"{tag} is not the same each time", made[0], made)
    expect(git_object(PUBLISHED, "main") == git_object(PUBLISHED, "lab-01^{commit}"),
           "main is not at lab-01")  # fmt: skip


def reference_passages(lab: str) -> set[str]:
    """Any four lines in a row that the reference has between its markers."""
    passages = set()
    for file in sorted((SOURCE / "solutions" / lab).glob("*.[ch]")):
        inside: list[str] = []
        for line in [*file.read_text(encoding="utf-8").splitlines(), "#endif"]:
            if re.match(r"#\s*(ifdef SOLUTION|else|endif)", line):
                inside = [] if "SOLUTION" in line else inside
                passages |= {"\n".join(inside[i : i + 4]) for i in range(len(inside) - 3)}
                inside = []
            else:
                inside.append(line.strip())
    return {passage for passage in passages if len(passage) > 60}


def only_reference(lab: str) -> set[str]:
    """Those that the starter does not have as well."""
    starters = "\n".join(
        normal(file.read_text(encoding="utf-8")) for file in (SOURCE / "labs" / lab).glob("*.[ch]")
    )
    return {passage for passage in reference_passages(lab) if passage not in starters}


def normal(text: str) -> str:
    """Without indentation."""
    return "\n".join(line.strip() for line in text.splitlines())


@check("course/secrets", 4)
def nothing_leaks(context: Context) -> None:
    """No tag has a solution, a mutant, an instructor's text or a later lab."""
    tags = published_tags(context)
    secret = re.compile(
        r"solutions/|grader/proof|handouts/instructor|\.ci/|tools/(check|tests)"
        r"|tools/course/(?!(__init__|gitcmd|unlock)\.py$)"
    )
    for number, tag in enumerate(tags, 1):
        wrong = [name for name in files_at(tag) if secret.match(name)]
        for name in files_at(tag):
            found = re.match(r"(labs|handouts|released)/(?:.*/)?(\d\d)-", name)
            last = number - 1 if found and found[1] == "released" else number
            if found and int(found[2]) > last:
                wrong.append(name)
        expect(not wrong, f"{tag} has what students shall not have", "nothing", wrong)
    archive = COURSE / "last"
    git(COURSE, "clone", "--quiet", "--branch", tags[-1], str(PUBLISHED), str(archive))
    texts = {path: path.read_bytes() for path in archive.rglob("*.*") if ".git" not in path.parts
             and path.is_file()}  # fmt: skip
    passages = 0
    for lab in sorted(path.name for path in (archive / "labs").glob("[0-9][0-9]-*")):
        own = only_reference(lab)
        passages += len(own)
        # What a mechanism does before its lab is published, and may begin alike.
        before = archive / "kernel" / "ipc" / lab / "locked.c"
        for path, data in texts.items():
            if path == before:
                continue
            text = normal(data.decode("utf-8", "replace"))
            leaked = [passage for passage in own if passage in text]
            expect(not leaked, f"{path.relative_to(archive)} has lines of the reference of {lab}",
                   "none", leaked[:1])  # fmt: skip
    expect(passages > 20, "this check looks for nothing", "passages of the reference", passages)
    for path, data in texts.items():
        if path.suffix == ".o":
            expect(b".debug_" not in data and str(SOURCE).encode() not in data,
                   f"{path.name} has debugging information")  # fmt: skip


# ---- documents ----

PLACE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")  # `grader/load.py`, `handouts/`
VERB = re.compile(r"(?:^    |`)make ([a-z]+)\b", re.MULTILINE)
STUDENTS = ("README.md", "labs/README.md", "handouts/README.md", "released/README.md",
            "grader/README.md", "tools/README.md", "LABS.md")  # fmt: skip


@check("course/documents", 4)
def documents_are_true(context: Context) -> None:
    """What the students' documents name is there: files, links, verbs."""
    tags = published_tags(context)
    tree = COURSE / "first"
    git(COURSE, "clone", "--quiet", "--branch", tags[0], str(PUBLISHED), str(tree))
    listed = set(re.findall(r"^  ([a-z-]+) ", make(tree, "help")[1], re.MULTILINE))
    wrong = []
    for name in STUDENTS:
        text = (tree / name).read_text(encoding="utf-8")
        expect("maintainers -->" not in text, f"{name} has a marker")
        for place in PLACE.findall(text) + re.findall(r"\]\(([\w./-]+)\)", text):
            here = [tree / place, (tree / name).parent / place]
            generated = "NN" in place or place.startswith("build/")
            if not generated and not any(path.exists() for path in here):
                wrong.append(f"{name}: {place}")
        wrong += [f"{name}: make {verb}" for verb in VERB.findall(text) if verb not in listed]
    expect(not wrong, "documents name what is not there", "nothing", "\n    ".join(wrong))
    expect({"run", "grade", "unlock", "gdb", "test", "doctor", "setup"} <= listed, "make help",
           "the students' verbs", listed)  # fmt: skip
    ours = listed & {"check", "mutants", "soak", "starters", "workload", "course", "tags"}
    expect(not ours, "make help lists verbs of the maintainers", "none", ours)
    for verb in ("mutants", "check"):
        expect_make(tree, 1, "for those who maintain", verb)


# ---- a term ----

MINE = """\
/* k_mine.c - a test of my own. */
#include "ktest.h"

static void test_mine(struct ktest *t)
{
	EXPECT_EQ(t, 1 + 1, 2);
}
KTEST(lab01, mine);
"""


ADDED = {
    "notes.md": "# What I learned\n",
    "labs/01-interrupts/tests/k_mine.c": MINE,
    "labs/01-interrupts/helper.c": "/* Not handed in. */\nconst int helper = 1;\n",
    "user/mine.c": "/* A program of my own. */\nint main(void)\n{\n\treturn 0;\n}\n",
}
EDITED = ["kernel/mm/page.c", "kernel/ipc/01-interrupts/irq.h", "user/inputdemo.c"]


def solve(student: Path, lab: str) -> None:
    """Writes a lab: the reference without its markers, under a comment."""
    for solution in sorted((SOURCE / "solutions" / lab).glob("*.[ch]")):
        mine = student / "labs" / lab / solution.name
        command = ["unifdef", "-x", "2", "-DSOLUTION", "-o", str(mine), str(solution)]
        subprocess.run(command, check=True)
        mine.write_text("/* Lab by Bo. */\n" + mine.read_text(encoding="utf-8"), encoding="utf-8")


def begin_term() -> Path:
    """A clone, in which a student has begun."""
    student = COURSE / "student"
    git(COURSE, "clone", "--quiet", str(PUBLISHED), str(student))
    for key, value in (("user.name", "Bo"), ("user.email", "bo@example.org")):
        git(student, "config", key, value)
    git(student, "config", "commit.gpgSign", "false")
    for name, text in (("README.md", "\nMine now.\n"), ("LABS.md", "nine hours\n")):
        with open(student / name, "a", encoding="utf-8") as file:
            file.write(text)
    for name, text in ADDED.items():
        (student / name).write_text(text, encoding="utf-8")
    for name in EDITED:  # the given files are theirs, too
        text = (student / name).read_text(encoding="utf-8")
        (student / name).write_text(text.replace("*/\n", "(I see.) */\n", 1), encoding="utf-8")
    return student


@check("course/term", 60)
def a_term(context: Context) -> None:
    """A student takes all the labs, with work of their own beside: nothing is lost."""
    tags = published_tags(context)
    student = begin_term()
    expect_make(student, 1, "changes that are not committed", "unlock")
    commit(student, "begun")
    expect_make(student, 0, "ok 1 - 01/mine", "test", "TEST=01/mine", "ICOUNT=1")
    if len(tags) > 1:  # with the starter's few points
        expect_make(student, 1, "points, and 60 are needed", "unlock")
    for number, tag in enumerate(tags, 1):
        lab = next(path.name for path in (student / "labs").glob(f"{number:02}-*"))
        solve(student, lab)
        commit(student, f"lab {number}")
        mine = git_object(student, "HEAD")
        if tag == tags[-1]:
            expect_make(student, 0, f"lab {lab}: 100/100", "grade")
            expect_make(student, 1, "nothing more to unlock", "unlock")
        else:
            expect_make(student, 0, f"Lab {number + 1} is here", "unlock")
            lost = git(student, "diff", "--name-status", mine, "HEAD", "--diff-filter=DR")
            expect(not lost, "unlocking lost files", "none", lost)
            files = ["labs/" + lab, "README.md", *ADDED, *EDITED]
            changed = git(student, "diff", "--name-only", mine, "HEAD", "--", *files)
            expect(not changed, "unlocking changed the student's files", "none", changed)
    expect(git(student, "status", "--porcelain") == "", "the student's tree is not clean")
    expect("nine hours" in (student / "LABS.md").read_text(encoding="utf-8"), "LABS.md lost a line")
    expect_make(student, 0, "ok 1 - lib/format_numbers", "test", "BASE=labs",
                "TEST=lib/format_numbers", "ICOUNT=1")  # fmt: skip
    context.note(f"{len(tags)} labs, each solved, marked and unlocked")
