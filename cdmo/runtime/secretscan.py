"""`python -m cdmo.runtime.secretscan` (in `make check`): keys that were written into the sources.

Every line that any commit ever added is read, and what is not committed yet: a key that was taken
out again is still in everybody's copy. Keys are known by their shapes (detect-secrets); random
text is not guessed at, for hashes and numbers are everywhere here. What is found but is no secret
stands in docs/security/accepted.toml by its hash, with a reason.
"""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ACCEPTED = ROOT / "docs" / "security" / "accepted.toml"
GUESSWORK = {
    "Base64 High Entropy String",
    "Hex High Entropy String",
    "Secret Keyword",
    "Public IP (ipv4)",
}
# Not written by hand, and checked by hashes of their own.
LEFT_OUT = (":(exclude)package-lock.json",)
LONGEST = 2000


def detectors() -> list:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    known = get_mapping_from_secret_type_to_class()
    return [known[name]() for name in sorted(set(known) - GUESSWORK)]


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def secrets_in(lines) -> dict[str, tuple[str, str]]:
    """Return {hash: (kind, where)} of what looks like a key in (where, line)."""
    kinds = detectors()
    found = {}
    for where, line in lines:
        for kind in kinds:
            for secret in kind.analyze_string(line[:LONGEST]):
                found.setdefault(digest(secret), (kind.secret_type, where))
    return found


def added(diff: str):
    """Yield (commit and file, line) of every line that a `git log --patch` adds; each once."""
    commit = path = ""
    seen = set()
    for line in diff.splitlines():
        if line.startswith("commit "):
            commit = line[7:17]
        elif line.startswith("+++ "):
            path = line[6:]
        elif line.startswith("+") and line not in seen:
            seen.add(line)
            yield f"{commit or 'not committed'} {path}", line[1:]


def git(*words) -> str:
    told = subprocess.run(
        ["git", *words, "--", ".", *LEFT_OUT], cwd=ROOT, capture_output=True, check=True
    )
    return told.stdout.decode("utf-8", errors="replace")


def accepted(text: str) -> dict[str, str]:
    return {row["hash"]: row["reason"] for row in tomllib.loads(text).get("secret", [])}


def main() -> int:
    if not (ROOT / ".git").exists():
        sys.stdout.write("No history here: nothing was looked through for keys.\n")
        return 0
    lines = [*added(git("log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff"))]
    lines += added(git("diff", "HEAD", "--unified=0", "--no-color", "--no-ext-diff"))
    fine = accepted(ACCEPTED.read_text(encoding="utf-8"))
    left = {key: told for key, told in secrets_in(lines).items() if key not in fine}
    for key, (kind, where) in sorted(left.items()):
        sys.stderr.write(f"{where}: {kind} (hash {key})\n")
    sys.stdout.write(f"{len(lines)} lines of history looked through for keys; {len(left)} found.\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
