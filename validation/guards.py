"""`python -m validation.guards`: see each test fail without its guard.

docs/validation/guards.toml says what to take out of which file, and which test must then fail. All
of it happens in a copy of the tree. A test that passes with the guard and fails without it is "seen
to fail"; one that passes without it proves nothing and is told. The outcome is written to
docs/validation/guards-seen.json, and the pack prints it. An entry that was changed since, or whose
text is gone, is evidence no more.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from validation import surroundings
from validation.register import ROOT

FILE = ROOT / "docs" / "validation" / "guards.toml"
SEEN = ROOT / "docs" / "validation" / "guards-seen.json"
SEEN_TO_FAIL, STALE = "seen to fail", "not seen yet, or changed since"
# pytest's own words for how a session ended.
PASSED, FAILED = 0, 1
LINKED = (".venv", ".venv-allotropy", ".venv-audit", "node_modules", "static/vendor")


def read(path: Path = FILE) -> list[dict]:
    """Return the entries, each with a key that changes with anything in it."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("guard", [])
    for entry in entries:
        entry.setdefault("put", "")
        entry["key"] = key_of(entry)
    return entries


def key_of(entry: dict) -> str:
    parts = [entry[name] for name in ("statement", "file", "take", "put", "test")]
    parts += filter(None, [entry.get("case")])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def faults(entries, *, root: Path = ROOT) -> dict[str, str]:
    """Return what makes entries useless, by key: a text that is gone or not one, no such test."""
    found = {}
    for entry in entries:
        file = root / entry["file"]
        count = file.read_text(encoding="utf-8").count(entry["take"]) if file.is_file() else 0
        test = root / entry["test"].partition("::")[0]
        name = entry["test"].rpartition("::")[2]
        if count != 1:
            found[entry["key"]] = (
                f"{entry['statement']}: what to take out of {entry['file']} stands there {count} "
                "times."
            )
        elif not test.is_file() or f"def {name}(" not in test.read_text(encoding="utf-8"):
            found[entry["key"]] = f"{entry['statement']}: there is no test {entry['test']}."
    return found


def seen(entries=None, *, path: Path = SEEN) -> list[dict]:
    """Return what was seen last, entry by entry, for the pack."""
    entries = read() if entries is None else entries
    last, useless = read_seen(path), faults(entries)
    nothing = {"outcome": STALE, "at": "", "commit": ""}
    return [
        {
            "statement": entry["statement"],
            "removed": entry["removed"],
            "file": entry["file"],
            "test": entry["test"] + (f"[{entry['case']}…]" if "case" in entry else ""),
            "together": entry.get("together", ""),
            **(nothing if entry["key"] in useless else last.get(entry["key"], nothing)),
        }
        for entry in entries
    ]


def read_seen(path: Path = SEEN) -> dict[str, dict]:
    return json.loads(path.read_text()) if path.is_file() else {}


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="validation.guards")
    parser.add_argument("--at", required=True, help="when this run is made (ISO 8601)")
    parser.add_argument("--only", nargs="*", help="statements; else all")
    parser.add_argument("--new", action="store_true", help="only what was not seen yet")
    given = parser.parse_args(arguments)
    entries = read()
    known = read_seen()
    chosen = [
        entry
        for entry in entries
        if (not given.only or entry["statement"] in given.only)
        and not (given.new and was_seen(known, entry))
    ]
    known = {e["key"]: known[e["key"]] for e in entries if e["key"] in known}
    commit = surroundings.source()["commit"]
    with tempfile.TemporaryDirectory(prefix="cdmo-guards-") as name:
        tree = Path(name) / "tree"
        copy_tree(tree)
        Path(name).chmod(0o755)
        useless = faults(chosen, root=tree)
        for fault in useless.values():
            say(fault)
        chosen = [entry for entry in chosen if entry["key"] not in useless]
        passing = passing_of(chosen, tree, Path(name) / "results.json")
        for group in grouped(chosen):
            outcomes = try_without(group, tree, passing, Path(name) / "results.json")
            for entry, outcome in zip(group, outcomes, strict=True):
                known[entry["key"]] = {"outcome": outcome, "at": given.at, "commit": commit}
                say(f"{entry['statement']}: {entry['removed']}: {outcome}")
            SEEN.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return 0 if not useless and all(was_seen(known, entry) for entry in chosen) else 1


def was_seen(known, entry) -> bool:
    return known.get(entry["key"], {}).get("outcome") == SEEN_TO_FAIL


def copy_tree(tree: Path) -> None:
    """Copy the last commit, so that what was seen can be named; what is installed is linked."""
    tree.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    for name in LINKED:
        if (ROOT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).symlink_to(ROOT / name)


def grouped(entries) -> list[list[dict]]:
    """Return the entries one by one, and those that say the same `together` as one."""
    groups: dict[str, list[dict]] = {}
    for entry in entries:
        groups.setdefault(entry.get("together") or entry["key"], []).append(entry)
    return list(groups.values())


def outcomes_of(entries, tree: Path, results: Path) -> tuple[int, dict[str, set[str]]]:
    """Run the entries' tests in one session; return how it ended, and outcomes by entry's key."""
    wanted = sorted({entry["test"] for entry in entries})
    results.unlink(missing_ok=True)
    ended = run(wanted, tree, "-p", "validation.recording", "--record", str(results))
    ran = json.loads(results.read_text())["tests"] if results.exists() else []
    return ended, {
        entry["key"]: {one["outcome"] for one in ran if is_of(entry, one["id"])}
        for entry in entries
    }


def is_of(entry: dict, node: str) -> bool:
    """Whether a test that ran is the entry's: all its cases, or those that begin with `case`."""
    function, _, case = node.partition("[")
    return function == entry["test"] and case.startswith(entry.get("case", ""))


def passing_of(entries, tree: Path, results: Path) -> set[str]:
    """Return the keys of entries whose tests pass while every guard stands; one session."""
    if not entries:
        return set()
    _, found = outcomes_of(entries, tree, results)
    return {key for key, outcomes in found.items() if outcomes == {"passed"}}


def try_without(entries, tree: Path, passing, results: Path) -> list[str]:
    """Run the tests of these entries without their guards; return an outcome for each."""
    whole: dict[Path, str] = {}
    for entry in entries:
        file = tree / entry["file"]
        text = file.read_text(encoding="utf-8")
        whole.setdefault(file, text)
        file.write_text(text.replace(entry["take"], entry["put"]), encoding="utf-8")
    try:
        ended, found = outcomes_of(entries, tree, results)
    finally:
        for file, text in whole.items():
            file.write_text(text, encoding="utf-8")
    return [judged(ended, found[e["key"]], passed=e["key"] in passing) for e in entries]


def judged(ended: int, outcomes: set[str], *, passed: bool) -> str:
    """Return what a run without the guard says, if the test passes with it."""
    if not passed:
        return "does not pass with its guard"
    if ended not in (PASSED, FAILED) or not outcomes:
        return f"could not be run (pytest {ended})"
    return SEEN_TO_FAIL if outcomes & {"failed", "error"} else "passes without its guard"


def run(tests, tree: Path, *options) -> int:
    """Return how pytest ended. Byte code is not kept: two edits may fall into one second."""
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True).returncode


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
