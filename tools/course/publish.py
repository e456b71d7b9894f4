"""Publishes the course: a repository for students, in which each lab is a tag.

    python3 -m tools.course.publish course --out DIR [--upto N]     make course OUT=DIR [UPTO=N]
    python3 -m tools.course.publish tags                            make tags

What is published is the last commit, never what has not been committed:

    HEAD -> a copy                  git archive
    the copy -> objects             make, of the reference's earlier labs
    the copy, objects -> a chain    a commit and a tag for each lab: tree.py
    the chain -> DIR, or here       git fetch

The chain has no history but itself, so nothing that students shall not see can
be reached from it.  Names and dates are those of HEAD, and the objects have no
paths in them: the same commit gives the same chain, with the same compiler.  So
a repository that was published with UPTO=1 takes the next labs later, without
a change for those who have begun.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader.load import Lab, lab_folders, load_lab
from grader.objects import binutil
from tools.course.gitcmd import git, git_object, git_run
from tools.course.tree import add_given, add_lab, add_released
from tools.machine.errors import Trouble
from tools.machine.machine import ROOT


@dataclass(frozen=True)
class Course:
    """A copy of the commit that is published, with the labs that are ready."""

    source: Path
    labs: list[Lab]
    environment: dict[str, str]  # who and when, for git


# ---- the source ----


def copy_commit(to: Path) -> None:
    """HEAD's files."""
    archive = to / "source.tar"
    git(ROOT, "archive", "--output", str(archive), "HEAD")
    subprocess.run(["tar", "-xf", str(archive), "-C", str(to)], check=True)
    archive.unlink()


def what_is_missing(source: Path, name: str) -> str:
    """What a lab still lacks, to be published; empty when it is complete."""
    needed = [f"labs/{name}/lab.toml", f"labs/{name}/*.c", f"solutions/{name}/*.c"]
    needed.append(f"handouts/{name}.md")
    return ", ".join(pattern for pattern in needed if not list(source.glob(pattern)))


def ready_labs(source: Path, upto: int) -> list[Lab]:
    """From the first to the last that is complete; says which are left out."""
    labs: list[Lab] = []
    for folder in lab_folders(source / "labs"):
        missing = what_is_missing(source, folder.name)
        if missing or len(labs) + 1 != int(folder.name[:2]):
            print(f"{folder.name} and what follows are left out: no {missing or 'lab before it'}")
            break
        labs.append(load_lab(folder))
    if upto > len(labs):
        raise Trouble(f"UPTO={upto}: the last lab that is complete is {len(labs)}")
    if not labs:
        raise Trouble("there is no lab to publish")
    return labs[:upto] if upto else labs


def stamp() -> dict[str, str]:
    """Who and when: HEAD's author, for every commit and tag."""
    name, email, date = git(ROOT, "log", "-1", "--format=%an%n%ae%n%ad", "--date=raw").splitlines()
    made: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        made |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email, f"GIT_{role}_DATE": date}
    return made


# ---- released objects ----


def build_objects(course: Course) -> dict[str, list[Path]]:
    """Of each lab but the newest the reference's objects, without debugging information.

    Made by the copy's own Makefile as those of the labs before the newest: with
    the flags that a student's kernel is compiled with, and no hooks.
    """
    released = course.labs[:-1]
    if not released:
        return {}
    folder = Path("build", f"{course.labs[-1].name}.solutions", "lab")
    made = {
        lab.name: [
            folder / f"{source.name}.o"
            for source in sorted((course.source / "solutions" / lab.name).glob("*.c"))
        ]
        for lab in released
    }
    targets = [str(path) for paths in made.values() for path in paths]
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "OUT", "LAB", "IMPL", "BASE", "HOOKS", "BUILD")
    done = subprocess.run(
        ["make", "-s", f"LAB={course.labs[-1].name}", "IMPL=solutions", *targets],
        cwd=course.source,
        env={name: text for name, text in os.environ.items() if name not in hidden},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Trouble(f"the reference does not compile:\n{done.stdout[-2000:]}")
    for target in targets:
        command = [binutil("objcopy"), "--strip-debug", str(course.source / target)]
        subprocess.run(command, check=True)
    return {name: [course.source / path for path in paths] for name, paths in made.items()}


# ---- the chain ----


def git_alone(folder: Path, *words: str, **more: str) -> str:
    """git, without anybody's settings: hooks, signatures, line ends."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return git(folder, *words, **quiet, **more)


def commit_lab(course: Course, chain: Path, lab: Lab) -> None:
    """A commit with what is in the folder now, and its tag."""
    title = f"Lab {lab.number}: {lab.title}"
    git_alone(chain, "add", "--all", "--force")
    git_alone(chain, "commit", "--quiet", "--message", title, **course.environment)
    tag = f"lab-{lab.number:02}"
    git_alone(chain, "tag", "--annotate", "--message", title, tag, **course.environment)


def make_chain(course: Course, chain: Path) -> None:
    """A repository with a tag for each lab, each adding to the one before."""
    objects = build_objects(course)
    new_repository(chain)
    add_given(course.source, chain)
    before = None
    for lab in course.labs:
        add_lab(course.source, chain, lab)
        if before:
            add_released(chain, before, objects[before.name])
        commit_lab(course, chain, lab)
        before = lab


def new_repository(folder: Path) -> None:
    """An empty one, with the branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git_alone(folder, "init", "--quiet", "--template=", "--initial-branch=main")


def tag_names(repository: Path) -> list[str]:
    """Its labs' tags, in order."""
    names = git(repository, "tag", "--list", "lab-*").splitlines()
    return [name for name in names if re.fullmatch(r"lab-\d\d", name)]


def compare_tags(chain: Path, target: Path) -> dict[str, str]:
    """For each tag of the chain: is it "new" in the target, "same" or "other"?"""
    found = {}
    for tag in tag_names(chain):
        there = git_object(target, f"refs/tags/{tag}")
        same = there == git_object(chain, f"refs/tags/{tag}")
        found[tag] = "same" if same else "other" if there else "new"
    return found


def take_tags(chain: Path, target: Path) -> None:
    """Brings the chain's tags, and only those, into another repository."""
    tags = "+refs/tags/lab-*:refs/tags/lab-*"
    git(target, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(chain), tags)


def show(target: Path, found: dict[str, str], words: dict[str, str]) -> None:
    """A line for each tag."""
    for tag, kind in found.items():
        commit = git(target, "rev-parse", "--short=12", tag + "^{commit}")
        print(f"{tag}  {commit}  {words[kind]}")


# ---- verbs ----


def prepare_out(out: Path) -> bool:
    """Is it a new repository?  Trouble when it is neither that nor one of ours."""
    if (out / ".git").exists() or (out / "objects").is_dir():
        return False
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Trouble(f"{out} is neither empty nor a git repository")
    return True


def deliver_course(chain: Path, out: Path) -> None:
    """Into a new repository, or into one that has the first of these tags."""
    fresh = prepare_out(out)
    if fresh:
        new_repository(out)
    found = compare_tags(chain, out)
    others = [tag for tag, kind in found.items() if kind == "other"]
    if others:
        raise Trouble(
            f"{out} was published from another commit, or by another compiler: "
            f"{', '.join(others)} would change.\n"
            "Students who have begun could not merge that: publish into another directory."
        )
    if not fresh and not tag_names(out):
        raise Trouble(f"{out} is a git repository already, and none that was published")
    take_tags(chain, out)
    if fresh:
        git_alone(out, "reset", "--quiet", "--hard", "lab-01")
    show(out, found, {"new": "published", "same": "is there already"})
    print(f"{out} is a repository for students; its branch main is at lab-01.")


def deliver_tags(chain: Path) -> None:
    """Into this repository."""
    found = compare_tags(chain, ROOT)
    take_tags(chain, ROOT)
    show(ROOT, found, {"new": "made", "same": "as before", "other": "moved"})


def warn_of_changes() -> None:
    """What has not been committed is not published."""
    changed = git(ROOT, "status", "--porcelain").splitlines()
    if changed:
        print("Not published, since it is not committed:", *changed[:10], sep="\n    ")


def publish(verb: str, out: Path | None, upto: int) -> None:
    """The course, or the tags."""
    if git_run(ROOT, "rev-parse", "--show-toplevel").stdout.strip() != str(ROOT):
        raise Trouble("this folder is no git repository: a commit is published")
    if verb == "course":
        if out is None:
            raise Trouble("where to?  make course OUT=DIRECTORY")
        prepare_out(out)  # its faults at once, not after all the work
    warn_of_changes()
    with tempfile.TemporaryDirectory() as scratch:
        source, chain = Path(scratch, "source"), Path(scratch, "chain")
        source.mkdir()
        copy_commit(source)
        course = Course(source, ready_labs(source, upto), stamp())
        make_chain(course, chain)
        if out is not None and verb == "course":
            deliver_course(chain, out)
        else:
            deliver_tags(chain)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="publish", description="Publish the course.")
    parser.add_argument("verb", choices=("course", "tags"))
    parser.add_argument("--out", type=Path, metavar="DIR", help="new, or published before")
    parser.add_argument("--upto", type=int, default=0, metavar="N", help="the last lab")
    options = parser.parse_args()
    try:
        publish(options.verb, options.out and options.out.resolve(), options.upto)
    except (Trouble, subprocess.CalledProcessError) as stop:
        sys.stdout.flush()
        print(f"publish: {stop}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
