"""Paper for the day on which the system is down: the batches in work, printable, with blank fields.

What is written on the sheets is entered later as late entries: when it was done, when it was
entered and why, and a second person verifies what is critical.
"""

import os
import shutil
from pathlib import Path

from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.states import Execution
from cdmo.archive import printing
from cdmo.archive.printing import marked
from cdmo.records.canonical import canonical, instant, sha256

IN_WORK = (Execution.ISSUED, Execution.IN_PROCESS, Execution.ON_HOLD)
PREFIX = "continuity-"
BLANK = {"text": "", "mark": "blank"}
EMPTY_LINES = 6


def write_pack(target: Path, *, at, keep: int = 2) -> Path:
    """Write the sheets of all batches in work into a new folder below `target`."""
    target = Path(target)
    name = f"{PREFIX}{at:%Y%m%dT%H%M%SZ}"
    draft = target / f".{name}.part"
    target.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    batches = list(
        Batch.objects.filter(execution__in=IN_WORK)
        .select_related("product", "sponsor", "site", "process_version", "master", "coi")
        .order_by("number")
    )
    files = {"overview.pdf": overview(batches, at=at)}
    files |= {f"{batch.number}.pdf": sheet(batch, at=at) for batch in batches}
    for filename, data in files.items():
        (draft / filename).write_bytes(data)
    manifest = {
        "made_at": instant(at),
        "batches": [batch.number for batch in batches],
        "files": {filename: sha256(data) for filename, data in files.items()},
    }
    (draft / "manifest.json").write_bytes(canonical(manifest))
    os.replace(draft, target / name)
    for old in sorted(target.glob(f"{PREFIX}*Z"))[:-keep]:
        shutil.rmtree(old)
    return target / name


def overview(batches, *, at) -> bytes:
    """Return the list of what is in work, with whom it is for: identifiers and pseudonyms alone."""
    return printing.pdf(
        title="Batches in work",
        subtitle=f"{at:%d %b %Y %H:%M} UTC",
        kicker="Business continuity",
        footer=f"As of {instant(at)}. What happens from now on is written on the sheets.",
        digest="",
        landscape=True,
        sections=[
            printing.table(
                "Batches",
                [
                    *(("Batch", 4), ("Product", 4), ("State", 2), ("Site", 2)),
                    *(
                        ("Chain of identity", 4),
                        ("Pseudonym", 3),
                        ("Expiry", 3),
                        ("Held because", 4),
                    ),
                ],
                [
                    [
                        marked(batch.number, "strong"),
                        f"{batch.product.name} ({batch.product.code})",
                        batch.get_execution_display(),
                        batch.site.code,
                        batch.coi.coi if batch.coi else "",
                        batch.coi.pseudonym if batch.coi else "",
                        f"{batch.expires_at:%d %b %Y %H:%M} UTC" if batch.expires_at else "",
                        batch.hold_reason,
                    ]
                    for batch in batches
                ],
                empty="No batch is in work.",
            )
        ],
    )


def sheet(batch, *, at) -> bytes:
    """Return the sheet of one batch: what was done, and blank fields for what is still to do."""
    steps = list(
        BatchStep.objects.filter(batch=batch)
        .select_related("performed_by", "verified_by")
        .order_by("position")
    )
    return printing.pdf(
        title="Batch sheet",
        subtitle=batch.number,
        kicker=f"{batch.product.name} · {batch.sponsor.name} · {batch.site.name}",
        footer=f"{batch.number} as of {instant(at)}",
        digest="",
        landscape=True,
        warning="For use while the system is down. Write with ink; strike through a mistake, write "
        "beside it, initial and date it. Afterwards everything is entered as late entries, with "
        "this sheet as the reason, verified by a second person, and the sheet is kept.",
        sections=[
            printing.facts(
                "The batch",
                [
                    ("Batch", marked(batch.number, "strong")),
                    ("Product", batch.product.code),
                    ("Process version", batch.process_version.code),
                    ("Master batch record", batch.master.code if batch.master else ""),
                    ("State", batch.get_execution_display()),
                    ("Held because", batch.hold_reason),
                    ("Chain of identity", batch.coi.coi if batch.coi else ""),
                    ("Pseudonym", batch.coi.pseudonym if batch.coi else ""),
                ],
            ),
            _steps(steps),
            _blank_table("Materials used", ("Lot", "Quantity", "Unit", "Step", "At", "By")),
            _blank_table("Identity scans", ("Handover", "Read", "Matches", "At", "By", "Witness")),
            _blank_table("Departures", ("What happened", "Step", "At", "By", "Supervisor")),
        ],
    )


def _steps(steps) -> dict:
    rows = []
    for step in steps:
        done = step.performed_at is not None
        limits = " to ".join(
            f"{limit:f}" for limit in (step.lower, step.upper) if limit is not None
        )
        rows.append(
            [
                f"{step.position} {step.code}{' (critical)' if step.critical else ''}",
                f"{step.title}. {step.instruction}".strip(". ") if not done else step.title,
                limits or step.expected,
                f"{step.value} {step.unit}".strip() if done else BLANK,
                f"{step.performed_by.full_name}, {step.performed_at:%d %b %H:%M} UTC"
                if done
                else BLANK,
                _verified(step, done),
                step.comment if done else BLANK,
            ]
        )
    return printing.table(
        "Steps",
        [
            *(("Step", 3), ("Instruction", 7), ("Limits", 3), ("Value", 3)),
            *(("Performed by, at", 4), ("Verified by, at", 4), ("Remark", 4)),
        ],
        rows,
        note="Filled in: as recorded in the system. Framed: to be filled in by hand.",
    )


def _verified(step, done):
    if step.verified_at is not None:
        return f"{step.verified_by.full_name}, {step.verified_at:%d %b %H:%M} UTC"
    return "" if done and not step.critical else BLANK if step.critical else "not asked for"


def _blank_table(title: str, columns) -> dict:
    return printing.table(
        title, [(name, 1) for name in columns], [[BLANK] * len(columns)] * EMPTY_LINES
    )
