"""`python -m validation.pack --at INSTANT`: run the suite, write the pack as PDF/A and JSON.

`--from results.json` takes an earlier run instead. What follows `--` goes to pytest. Exit status: 0
when every statement is met or the operator's, 1 when one is not, 2 when there is no run to tell of.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from validation import guards as guards_module
from validation import judging, register, surroundings

OUT = register.ROOT / "artifacts" / "validation-pack"
SCHEMA = "cdmo-validation-pack/1"


def main(arguments=None) -> int:
    given = parse(arguments)
    results = given.results
    if results is None:
        results = given.out / "results.json"
        run_suite(results, at=given.at, workers=given.workers, extra=given.pytest)
        if not results.exists():
            say("The suite did not run: there is nothing to report.")
            return 2
    content = make(json.loads(results.read_text()), at=given.at)
    files = write(content, given.out)
    verdicts = [row["verdict"] for row in content["statements"]]
    for row in content["statements"]:
        if row["verdict"] == judging.NOT_MET:
            say(f"not met: {row['id']} {row['why'][0]}")
    say(f"{len(verdicts) - verdicts.count(judging.NOT_MET)} of {len(verdicts)} statements are met.")
    for file in files:
        say(str(file))
    return 1 if judging.NOT_MET in verdicts or content["run"]["exit_status"] else 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="validation.pack")
    parser.add_argument(
        "--at", required=True, type=instant, help="when this pack is made (ISO 8601)"
    )
    parser.add_argument("--from", dest="results", type=Path, help="results of an earlier run")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--workers", default="2")
    parser.add_argument("pytest", nargs="*", help="after --: arguments for pytest")
    return parser.parse_args(arguments)


def instant(text: str) -> str:
    """Return an instant as it was given; it must say its zone."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise argparse.ArgumentTypeError("an instant with its zone, such as 2026-11-22T20:00:00Z")
    return text


def run_suite(results: Path, *, at: str, workers: str, extra) -> None:
    """Run the suite as `make test` does, and record it."""
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", workers, *extra]
    command += ["-p", "validation.recording", "--record", str(results), "--record-at", at]
    subprocess.run(command, cwd=register.ROOT)


def make(results: dict, *, at: str) -> dict:
    """Return the whole pack as plain data."""
    statements = register.read()
    seen = guards_module.seen()
    rows = judging.matrix(statements, results, guards=seen)
    return {
        "schema": SCHEMA,
        "made_at": at,
        "product": surroundings.product(),
        "rendered_from": surroundings.source(),
        "run": {key: results[key] for key in RUN},
        "summary": judging.summary(rows, results),
        "statements": rows,
        "guards": seen,
        "tests_without_statement": [t["id"] for t in results["tests"] if not t["statements"]],
    }


RUN = ("at", "exit_status", "whole", "not_collected", "environment", "source")


def write(content: dict, out: Path) -> list[Path]:
    """Write the pack; its PDF carries the SHA-256 of its JSON."""
    from validation import paper

    out.mkdir(parents=True, exist_ok=True)
    files = [out / "validation-pack.json", out / "validation-pack.pdf"]
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    files[0].write_text(text, encoding="utf-8")
    set_up_django()
    files[1].write_bytes(paper.pdf(content, digest=surroundings.digest(files[0])))
    return files


def set_up_django() -> None:
    """Let the house's paper be imported. No database is asked."""
    import django
    from django.apps import apps

    if apps.ready:
        return
    with tempfile.TemporaryDirectory(prefix="cdmo-pack-") as folder:
        os.environ.update(DATA_DIR=folder, DJANGO_SETTINGS_MODULE="cdmo.settings")
        django.setup()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
