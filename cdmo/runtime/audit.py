"""`python -m cdmo.runtime.audit` (`make audit`): known weaknesses of the components.

pip-audit and `npm audit` ask the public lists. Where these cannot be reached it says so and fails
nothing: a build must not depend on the weather. A weakness fails it, unless docs/security/
accepted.toml says why it does no harm here, and until when somebody has thought so.
"""

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ACCEPTED = ROOT / "docs" / "security" / "accepted.toml"
AUDITOR = ROOT / ".venv-audit" / "bin" / "python"
NPM = ROOT / ".venv" / "bin" / "npm"
ENVIRONMENTS = (".venv", ".venv-allotropy")
SECONDS = 180


@dataclass(frozen=True, slots=True)
class Weakness:
    component: str
    version: str
    id: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What one list answered: weaknesses, and how many components it could not tell about."""

    found: tuple[Weakness, ...] = ()
    seen: int = 0
    unseen: int = 0


def read_pip(told: str) -> Looked:
    """Read pip-audit's JSON. A package that its list does not know was not looked at."""
    try:
        rows = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Looked()
    found = tuple(
        Weakness(row["name"], row["version"], one["id"], tuple(one.get("aliases", ())))
        for row in rows
        for one in row.get("vulns", ())
    )
    unseen = sum("skip_reason" in row for row in rows)
    return Looked(found, len(rows) - unseen, unseen)


def read_npm(told: str) -> Looked:
    """Read `npm audit --json`; an answer without `metadata` is an error of the network."""
    try:
        answer = json.loads(told)
        seen = answer["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError, TypeError):
        return Looked()
    found = tuple(
        Weakness(name, row.get("range", ""), str(via.get("url", via.get("source"))))
        for name, row in answer.get("vulnerabilities", {}).items()
        for via in row["via"]
        if isinstance(via, dict)
    )
    return Looked(found, seen)


def accepted(text: str) -> list[dict]:
    """Return what was accepted: component, id, reason, until."""
    rows = tomllib.loads(text).get("weakness", [])
    for row in rows:
        if set(row) != {"component", "id", "reason", "until"} or not row["reason"].strip():
            raise ValueError(f"{row}: component, id, reason and until are wanted, nothing else.")
    return rows


def objections(found, excuses: list[dict], *, today: date) -> list[str]:
    """Return a sentence for each weakness that nobody has accepted, or not for today."""
    told = []
    for weakness in found:
        names = {weakness.id, *weakness.aliases}
        excuse = next(
            (e for e in excuses if e["component"] == weakness.component and e["id"] in names), None
        )
        what = f"{weakness.component} {weakness.version}: {weakness.id}"
        if excuse is None:
            told.append(what)
        elif excuse["until"] < today:
            told.append(f"{what} was accepted until {excuse['until']}: {excuse['reason']}")
    return told


def ask(command: list, reader) -> Looked:
    try:
        told = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return Looked()
    return reader(told.stdout)


def look() -> dict[str, Looked]:
    answers = {}
    for name in ENVIRONMENTS:
        for packages in sorted((ROOT / name).glob("lib/python*/site-packages")):
            command = [AUDITOR, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
            command += ["--timeout", "10", "--path", packages]
            answers[f"Python packages of {name}"] = ask(command, read_pip)
    command = [NPM, "audit", "--json", "--package-lock-only"]
    answers["front-end libraries"] = ask(command, read_npm)
    return answers


def main() -> int:
    answers = look()
    for name, looked in answers.items():
        if not looked.seen:
            sys.stdout.write(f"{name}: could not be looked up (no list of weaknesses in reach).\n")
        else:
            unseen = f", {looked.unseen} unknown to the list" if looked.unseen else ""
            known = len(looked.found)
            sys.stdout.write(f"{name}: {looked.seen} looked up{unseen}; {known} weaknesses.\n")
    found = [weakness for looked in answers.values() for weakness in looked.found]
    excuses = accepted(ACCEPTED.read_text(encoding="utf-8"))
    told = objections(found, excuses, today=datetime.now(UTC).date())
    sys.stdout.writelines(f"  {sentence}\n" for sentence in told)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
