"""Takes the next lab: `make unlock`, in a student's repository.

    tools/unlock            mark the newest lab; with enough points, merge the next
    tools/unlock --force    merge the next without a mark

Each lab is a tag: lab-01, lab-02, ...  A tag adds files to the one before, and
changes none, so merging it cannot collide with what a student has written.
How many points are enough is in course.toml.

No work is lost, whatever happens: nothing is merged over changes that are not
committed, and a merge that does not succeed is taken back.  What costs nothing
is looked at first, so that nobody waits for a mark to learn of a typing error.

Exit status: 0 when the next lab is there, 1 when it is not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from grader.load import Lab, find_lab, load_lab
from tools.course.gitcmd import git, git_object, git_run
from tools.machine.errors import Trouble
from tools.machine.machine import ROOT

REMOTES = ("upstream", "origin")  # where the course comes from, in this order


# ---- is this repository fit for a merge? ----


def check_repository() -> None:
    """A branch of one's own, nothing half done, nothing uncommitted."""
    if git_run(ROOT, "rev-parse", "--show-toplevel").stdout.strip() != str(ROOT):
        raise Trouble(
            "this folder is no git repository of its own: labs come as git tags.\n"
            "Work in a clone of your course's repository."
        )
    if git_object(ROOT, "MERGE_HEAD"):
        raise Trouble(
            "a merge is under way.\n"
            "Finish it (git status says how), or take it back: git merge --abort"
        )
    if git_run(ROOT, "symbolic-ref", "--quiet", "HEAD").returncode:
        raise Trouble(
            "you are on no branch, where work is easily lost.\n"
            "Make one, with all that you have now: git switch -c mine"
        )
    if git_run(ROOT, "var", "GIT_COMMITTER_IDENT").returncode:
        raise Trouble(
            "git does not know who you are, and a merge has an author.  Tell it:\n"
            '    git config --global user.name "Your Name"\n'
            "    git config --global user.email you@example.org"
        )
    changed = git(ROOT, "status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        raise Trouble(
            "there are changes that are not committed:\n    "
            + "\n    ".join(changed[:10])
            + "\nCommit them, then try again: git commit -am 'My lab'"
        )


# ---- the next lab's tag ----


def fetch_tag(remote: str, tag: str) -> str:
    """Fetches it; why not, in words, when it does not come."""
    done = git_run(ROOT, "fetch", "--quiet", "--no-tags", remote, "tag", tag)
    if done.returncode == 0:
        return ""
    if "find remote ref" in done.stdout:
        return f"{remote} has no tag {tag}"
    last = (done.stdout.strip().splitlines() or ["git said nothing"])[-1]
    return f"{remote} cannot be asked: {last}"


def find_next_tag(lab: Lab) -> str:
    """The tag of the lab after this one, from here or from a remote."""
    tag = f"lab-{lab.number + 1:02}"
    if git_object(ROOT, f"refs/tags/{tag}"):
        return tag
    remotes = git(ROOT, "remote").splitlines()
    answers = []
    for remote in (name for name in REMOTES if name in remotes):
        answer = fetch_tag(remote, tag)
        if not answer:
            return tag
        answers.append(answer)
    if not answers:
        answers = [f"there is no tag {tag} here, and no remote to ask ({' or '.join(REMOTES)})"]
    hint = f"Lab {lab.number} is the last, or the next has not been published yet."
    if any("cannot be asked" in answer for answer in answers):
        hint = "Look whether the network and the address are right: git remote -v"
    raise Trouble("there is nothing more to unlock: " + "; ".join(answers) + f".\n{hint}")


def check_tag(tag: str) -> None:
    """It continues the history that this repository began with, and is new."""
    if git_run(ROOT, "merge-base", "--is-ancestor", tag, "HEAD").returncode == 0:
        raise Trouble(
            f"{tag} is merged already, but its folder in labs/ is gone.\n"
            f"To have it back: git checkout {tag} -- labs"
        )
    if git_run(ROOT, "merge-base", tag, "HEAD").returncode:
        raise Trouble(
            f"{tag} does not continue this repository: it was published anew, from another start.\n"
            "Ask your instructor; your files in labs/ can be copied to a fresh clone."
        )


# ---- the mark ----


def read_threshold() -> int:
    """Of 100 points; from course.toml."""
    path = ROOT / "course.toml"
    try:
        threshold = tomllib.loads(path.read_text(encoding="utf-8"))["threshold"]
    except FileNotFoundError:
        raise Trouble("there is no course.toml here: is this a student's repository?") from None
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise Trouble(f"course.toml has no threshold: {error}") from None
    if not isinstance(threshold, int) or not 0 <= threshold <= 100:
        raise Trouble(f"course.toml: threshold is {threshold!r}, and not a number from 0 to 100")
    return threshold


def grade(lab: Lab) -> int:
    """Marks the lab, in sight of the student: points of 100."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch, "mark.json")
        command = [sys.executable, "-m", "grader", "grade"]
        command += ["--lab", lab.name, "--json", str(result)]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status not in (0, 1) or not result.exists():
            raise Trouble("the grader could not work, so there is no mark: see above")
        mark = json.loads(result.read_text(encoding="utf-8"))
    return int(100 * mark["points"] // mark["of"])


def check_mark(lab: Lab) -> None:
    """Enough points?"""
    threshold = read_threshold()
    points = grade(lab)
    print()
    if points < threshold:
        raise Trouble(
            f"lab {lab.number} has {points} points, and {threshold} are needed for the next.\n"
            "Begin with the first failure above.  (Or go on without: make unlock FORCE=1)"
        )


# ---- the merge ----


def merge(tag: str) -> None:
    """Merges it, or leaves everything as it was."""
    done = git_run(ROOT, "merge", "--quiet", "-m", f"Take {tag}", tag)
    if done.returncode == 0:
        return
    conflicts = git(ROOT, "diff", "--name-only", "--diff-filter=U").splitlines()
    if git_object(ROOT, "MERGE_HEAD"):
        git(ROOT, "merge", "--abort")
    if conflicts:
        raise Trouble(
            f"{tag} cannot be merged: it brings files that you have otherwise:\n    "
            + "\n    ".join(conflicts)
            + "\nYour work is as it was.  Give yours other names (git mv FILE OTHER; git commit),"
            + "\nand try again; or merge by hand: git merge "
            + tag
        )
    hint = "\nMove these files away, or commit them: git does not know them yet."
    raise Trouble(
        f"{tag} cannot be merged; your work is as it was.  git says:\n"
        + "\n".join("    " + line for line in done.stdout.strip().splitlines())
        + (hint if "untracked" in done.stdout else "")
    )


def announce(before: Lab) -> None:
    """What there is now."""
    lab = load_lab(find_lab(str(before.number + 1)))
    files = ", ".join(lab.files)
    print(f"Lab {lab.number} is here: {lab.title}.")
    print(f"Read {lab.handout}, write {files} in labs/{lab.name}/, and: make grade")


def unlock(force: bool) -> None:
    """All of it; Trouble when the next lab is not taken."""
    lab = load_lab(find_lab(""))
    check_repository()
    tag = find_next_tag(lab)
    check_tag(tag)
    if force:
        print(f"Lab {lab.number} is not marked: FORCE=1.")
    else:
        check_mark(lab)
    merge(tag)
    announce(lab)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="unlock", description="Take the next lab.")
    parser.add_argument("--force", action="store_true", help="whatever the mark")
    options = parser.parse_args()
    try:
        unlock(options.force)
    except Trouble as stop:
        sys.stdout.flush()
        print(f"unlock: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("unlock: stopped by Ctrl-C; nothing was merged", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
