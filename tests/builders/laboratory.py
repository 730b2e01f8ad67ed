"""Specifications, methods, samples and results brought to a state through the real services."""

from datetime import date, timedelta
from decimal import Decimal

from cdmo.blockers import Blocked
from cdmo.records.services import store_document
from qc.instruments.models import Instrument, InstrumentFile, Measurement, ParseRun
from qc.laboratory import services as laboratory
from qc.laboratory.models import Method
from qc.specifications import services as specifications
from tests.cast import NOON, proof_of

LINES = (
    {"test": "viability", "criterion": ">= 80", "unit": "%", "method": "VIAB-01"},
    {"test": "CD44+", "criterion": ">= 85", "unit": "%", "method": "FLOW-01"},
    {"test": "endotoxin", "criterion": "<= 1.0", "unit": "[EU]/mL", "method": "LAL-01"},
    {
        "test": "sterility",
        "criterion": "= no growth",
        "method": "STER-01",
        "may_follow_release": True,
        "turnaround_hours": 336,
    },
    {"test": "appearance", "criterion": "report", "required": False},
)
VALUES = {
    "viability": "95.0",
    "CD44+": "91",
    "endotoxin": "<0.50",
    "sterility": "no growth",
    "appearance": "opaque",
}


def a_specification(cast, product, *, lines=LINES, approved=True, at=NOON, **facts):
    """Written by the reviewer, approved by both people of quality assurance; methods approved."""
    specification = specifications.write_specification(
        product=product,
        effective_from=facts.pop("effective_from", date(2026, 1, 1)),
        lines=[dict(line) for line in lines],
        by=cast.reviewer,
        at=at,
        **facts,
    )
    if approved:
        for code in sorted({line["method"] for line in lines if line.get("method")}):
            a_method(cast, code, at=at)
        specification = approve(cast, specification, at=at)
    return specification


def approve(cast, specification, *, by=None, at=NOON):
    """Let two people approve a specification (both of quality assurance by default)."""
    for person in by or (cast.qa, cast.qa2):
        specification = specifications.approve_specification(
            specification=specification, by=person, at=at, proof=proof_of(person, at)
        )
    return specification


def a_method(cast, code="VIAB-01", *, approved=True, at=NOON, **facts):
    """A method written by the analyst and approved by the reviewer; made once a code."""
    method = Method.objects.filter(code=code).first()
    if method is None:
        method = laboratory.write_method(
            code=code, name=facts.pop("name", code.title()), by=cast.analyst, at=at, **facts
        )
    if approved and method.status == "draft":
        method = laboratory.approve_method(
            method=method, by=cast.reviewer, at=at, proof=proof_of(cast.reviewer, at)
        )
    return method


def a_sample(cast, batch, *, at=NOON, **facts):
    facts = {"by": cast.operator, "taken_at": at, **facts}
    return laboratory.take_sample(batch=batch, at=at, **facts)


def a_result(cast, sample, test="viability", value="95.0", *, status="approved", at=NOON, **facts):
    """One result by the analyst, as far along as `status` says; the reviewer approves."""
    (result,) = laboratory.enter_results(
        entries=[{"sample": sample, "test": test, "value": value, **facts}], by=cast.analyst, at=at
    )
    if status in {"submitted", "approved"}:
        (result,) = laboratory.submit_results(results=[result], by=cast.analyst, at=at)
    if status == "approved":
        (result,) = laboratory.approve_results(
            results=[result], by=cast.reviewer, at=at, proof=proof_of(cast.reviewer, at)
        )
    return result


def all_results(cast, sample, values=VALUES, *, status="approved", at=NOON, **changes):
    """Every test of the specification on one sample; `changes` replaces or (None) leaves out."""
    wanted = {**values, **{name.replace("_", " "): value for name, value in changes.items()}}
    entries = [
        {"sample": sample, "test": test, "value": value}
        for test, value in wanted.items()
        if value is not None
    ]
    results = laboratory.enter_results(entries=entries, by=cast.analyst, at=at)
    if status in {"submitted", "approved"}:
        results = laboratory.submit_results(results=results, by=cast.analyst, at=at)
    if status == "approved":
        results = laboratory.approve_results(
            results=results, by=cast.reviewer, at=at, proof=proof_of(cast.reviewer, at)
        )
    return results


def a_read_file(cast, *, at=NOON, number="IF-1", content=b"run", status="read", **facts):
    """An instrument file as if its reader had just finished; readings by `a_reading`."""
    instrument, _ = Instrument.objects.get_or_create(
        code="VICELL-01",
        defaults={"name": "Counter", "vendor": "vicell_xr", "serial": "AW1", "site": cast.site},
    )
    document = store_document(
        data=content,
        kind="instrument_file",
        title="run",
        filename="run.txt",
        media_type="text/plain",
        by=cast.analyst,
        at=at,
    )
    return InstrumentFile.objects.create(
        number=number,
        instrument=instrument,
        vendor=instrument.vendor,
        document=document,
        filename=document.filename,
        sha256=document.sha256,
        size=document.size,
        status=status,
        uploaded_by=cast.analyst,
        uploaded_at=at,
        read_at=at,
        **facts,
    )


def a_reading(file, quantity="viability", value="95.00", unit="%", sample="CLB001", **facts):
    """One reading of a file, measured five minutes before the upload."""
    run, _ = ParseRun.objects.get_or_create(
        file=file,
        role="first",
        reader="vicell_xr",
        defaults={
            "reader_version": "1",
            "ok": True,
            "seconds": Decimal("0.1"),
            "at": file.uploaded_at,
        },
    )
    ordinal = file.measurements.count()
    return Measurement.objects.create(
        file=file,
        run=run,
        ordinal=ordinal,
        locator=f"line {ordinal + 1}",
        sample_text=sample,
        quantity=quantity,
        value=value,
        unit=unit,
        number=Decimal(value) if value else None,
        device_serial="AW1",
        measured_at=file.uploaded_at - timedelta(minutes=5),
        **facts,
    )


def codes_of(refusal) -> set[str]:
    """Return the codes of a refusal caught by pytest.raises(Blocked)."""
    assert isinstance(refusal.value, Blocked)
    return set(refusal.value.codes)
