"""How long records are kept: classes as data, and the day until which a batch's records stay.

Nothing is ever disposed of by the system: the page tells from when somebody may decide to. Years
and clauses are the usual ones of the field; a site's own procedure may only lengthen them.
"""

from dataclasses import dataclass
from datetime import date, datetime

from cdmo.accounts.models import Regulated


@dataclass(frozen=True, slots=True)
class Retention:
    """One class. `years` after `since`; more than one rule: the latest day counts."""

    code: str
    title: str
    rule: str
    source: str
    holds: tuple[str, ...]  # record types and kinds of documents

    @property
    def words(self) -> str:
        return ", ".join(one.replace("_", " ") for one in self.holds)


TRACEABILITY = Retention(
    "traceability",
    "Traceability, from donation to patient",
    "30 years after the expiry date of the batch",
    "Regulation (EC) 1394/2007, Article 15; Directive 2004/23/EC, Article 8",
    (
        *("batch", "consumption", "lot", "material", "identity_chain", "identity_scan"),
        *("sealed_identity", "certification", "certificate"),
    ),
)
BATCH = Retention(
    "batch",
    "Batch documentation and raw data",
    "1 year after expiry or 5 years after certification, whichever is later",
    "EU GMP Chapter 4 and Part IV; 21 CFR 211.180",
    ("everything else of the batch", "instrument files", "dossiers"),
)
CLINICAL = Retention(
    "clinical",
    "Batches for clinical trials",
    "5 years after the end of the last trial that used the batch; the sponsor tells the end",
    "EU GMP for investigational products; Regulation (EU) 536/2014, Article 58",
    ("batches of clinical purpose",),
)
HOUSE = Retention(
    "house",
    "Masters, methods, specifications, instruments, agreements, people",
    "As long as any record that names them",
    "EU GMP Chapter 4; 21 CFR 11.10(c)",
    ("everything that is of no single batch",),
)
TRAIL = Retention(
    "trail",
    "Audit trail, signatures and seals",
    "As long as the record that they are about",
    "21 CFR 11.10(e); EU GMP Annex 11",
    ("audit_event", "signature", "seal"),
)
CLASSES = (TRACEABILITY, BATCH, CLINICAL, HOUSE, TRAIL)


@dataclass(frozen=True, slots=True)
class Until:
    """A batch's records of one class are kept until the end of `day`; None: not known yet, why."""

    retention: Retention
    day: date | None
    why: str


def class_of(model: type[Regulated]) -> Retention:
    """Return the class of a table's rows."""
    if model.record_type in TRACEABILITY.holds:
        return TRACEABILITY
    if any(field.name == "batch" for field in model._meta.concrete_fields):
        return BATCH
    return HOUSE


def kept_until(batch) -> list[Until]:
    """Return until when a batch's records are kept, by class."""
    expires = _day(batch.expires_at)
    decided = _day(batch.disposed_at)
    found = [
        Until(
            TRACEABILITY,
            years_after(expires, 30),
            "30 years after expiry" if expires else "no expiry date is recorded yet",
        ),
        Until(
            BATCH,
            max(years_after(expires, 1), years_after(decided, 5)) if expires and decided else None,
            "expiry and decision" if expires and decided else "not decided, or no expiry date yet",
        ),
    ]
    if batch.purpose == "clinical":
        found.append(Until(CLINICAL, None, "the sponsor has not told the end of the last trial"))
    return found


def disposable_from(batch) -> date | None:
    """Return the day after which nothing obliges to keep the batch's records; None: not known."""
    days = [until.day for until in kept_until(batch)]
    return None if None in days else max(days)


def years_after(day: date | None, years: int) -> date | None:
    """Return the same day years later; 29 February becomes 1 March, never earlier."""
    if day is None:
        return None
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None
