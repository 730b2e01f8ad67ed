"""The register: every statement with its clauses, its risk, and who proves it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "validation" / "statements.toml"

PRODUCT, OPERATOR, BOTH = "product", "operator", "both"
LEVELS = ("low", "medium", "high")
GROUPS = {
    "P": "Records that can be trusted",
    "RC": "Release rules",
    "U": "What its users need",
}
_FIELDS = {"id", "text", "clauses", "unverified", "risk", "kind", "duty"}


class BadRegister(Exception):
    """The register contradicts itself, or names what is not there; one line each."""

    def __init__(self, faults):
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Risk:
    """Severity and probability of the harm, and how surely it would be noticed without the test."""

    severity: str
    probability: str
    detectability: str
    reason: str

    @property
    def risk_class(self) -> int:
        """Return 1 (worst) to 3: severity against probability."""
        height = LEVELS.index(self.severity) + LEVELS.index(self.probability)
        return 1 if height > 2 else 2 if height == 2 else 3

    @property
    def priority(self) -> str:
        """Return the class lifted where the fault would hide, lowered where everybody sees it."""
        return LEVELS[min(2, max(0, 4 - self.risk_class - LEVELS.index(self.detectability)))]


@dataclass(frozen=True)
class Statement:
    id: str
    text: str
    clauses: tuple[str, ...]
    unverified: tuple[str, ...]
    risk: Risk
    kind: str
    duty: str  # page#heading, for what is the operator's

    @property
    def group(self) -> str:
        return self.id.partition("-")[0]

    @property
    def by_tests(self) -> bool:
        """Whether tests have to prove it; else it is the operator's alone."""
        return self.kind != OPERATOR


def read(path: Path = FILE, *, root: Path = ROOT) -> dict[str, Statement]:
    """Return every statement by its id, in the order of the file. Raises BadRegister."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("statement", [])
    faults, statements = [], {}
    for row in rows:
        name = row.get("id", "?")
        found = list(_faults(row, root=root))
        if name in statements:
            found.append("stands there twice")
        faults += [f"{name}: {fault}." for fault in found]
        if not found:
            statements[name] = _statement(row)
    if faults:
        raise BadRegister(faults)
    return statements


def _statement(row) -> Statement:
    return Statement(
        id=row["id"],
        text=row["text"],
        clauses=tuple(row.get("clauses", ())),
        unverified=tuple(row.get("unverified", ())),
        risk=Risk(**row["risk"]),
        kind=row["kind"],
        duty=row.get("duty", ""),
    )


def _faults(row, *, root):
    if not re.fullmatch(rf"({'|'.join(GROUPS)})-\d\d", row.get("id", "")):
        yield "its id is none"
    if unknown := set(row) - _FIELDS:
        yield f"unknown fields {', '.join(sorted(unknown))}"
    if not row.get("text"):
        yield "it says nothing"
    risk = row.get("risk", {})
    if set(risk) != {"severity", "probability", "detectability", "reason"} or not risk["reason"]:
        yield "its risk is incomplete"
    elif any(risk[name] not in LEVELS for name in ("severity", "probability", "detectability")):
        yield f"a risk is one of {', '.join(LEVELS)}"
    if row.get("kind") not in (PRODUCT, OPERATOR, BOTH):
        yield "its kind is none"
    elif row["kind"] == PRODUCT and row.get("duty"):
        yield "a duty, and no kind for it"
    elif row["kind"] != PRODUCT and not heading_exists(row.get("duty", ""), root=root):
        yield f"its duty {row.get('duty', '')!r} is no heading of a page"


def heading_exists(place: str, *, root: Path = ROOT) -> bool:
    """Whether `page#heading` is a page in the guide with such a heading."""
    page, _, anchor = place.partition("#")
    file = root / page
    if not (page and anchor and file.is_file()):
        return False
    lines = file.read_text(encoding="utf-8").splitlines()
    return anchor in {slug(line.lstrip("#")) for line in lines if line.startswith("#")}


def slug(heading: str) -> str:
    """Return the anchor that a forge gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")
