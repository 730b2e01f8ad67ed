"""Work of the laboratory: investigations, specifications, files, results, samples."""

from django.db.models import Case, Exists, F, OuterRef, When

from cdmo.home.work.items import SOON, Item, WorkList, waiting
from cdmo.records.models import Signature
from qc.instruments.models import InstrumentFile, Measurement
from qc.instruments.states import FileStatus, MeasurementStatus
from qc.laboratory.models import OosInvestigation, Result, Sample
from qc.laboratory.states import OosStatus, ResultStatus
from qc.specifications.models import Specification
from qc.specifications.states import SpecificationStatus, Verdict


def oos_open(by, at) -> WorkList:
    found = (
        OosInvestigation.objects.visible_to(by)
        .filter(status=OosStatus.OPEN)
        .select_related("batch__site", "result")
        .order_by("opened_at")
    )
    return waiting(
        "Out of specification, open",
        "alert-octagon",
        found,
        lambda o: Item(
            record=o,
            text=f"{o.result.test}: {o.result.reportable or o.result.value} {o.result.unit}",
            note=o.batch.number,
            verdict=o.result.verdict,
            since=o.opened_at,
            site=o.batch.site,
        ),
        more="qc:oos_list",
        pressing=True,
    )


def specifications_to_approve(by, at) -> WorkList:
    """Drafts that somebody else wrote and that I have not signed."""
    mine = Signature.objects.filter(
        record_type="specification", record_id=OuterRef("pk"), by=by, void__isnull=True
    )
    found = (
        Specification.objects.visible_to(by)
        .filter(~Exists(mine), status=SpecificationStatus.DRAFT)
        .exclude(written_by=by)
        .select_related("product", "written_by")
        .order_by("written_at")
    )
    return waiting(
        "Specifications to approve",
        "ruler-measure",
        found,
        lambda s: Item(
            record=s,
            text=s.product.name,
            note=f"Written by {s.written_by.full_name}",
            since=s.written_at,
        ),
        more="qc:specification_list",
        query="tab=draft",
    )


def files_to_confirm(by, at) -> WorkList:
    proposed = Measurement.objects.filter(
        file=OuterRef("pk"), status=MeasurementStatus.PROPOSED, proposed_sample__isnull=False
    )
    found = (
        InstrumentFile.objects.filter(Exists(proposed), status=FileStatus.READ)
        .select_related("instrument__site")
        .order_by("uploaded_at")
    )
    return waiting(
        "Instrument files to confirm",
        "file-analytics",
        found,
        lambda f: Item(
            record=f,
            text=f.filename,
            note=f.instrument.name,
            since=f.uploaded_at,
            site=f.instrument.site,
        ),
        more="qc:instrument_file_list",
        pressing=True,
    )


def files_that_failed(by, at) -> WorkList:
    found = (
        InstrumentFile.objects.filter(status=FileStatus.FAILED, uploaded_at__gt=at - SOON)
        .select_related("instrument__site")
        .order_by("-uploaded_at")
    )
    return waiting(
        "Files that could not be read",
        "file-x",
        found,
        lambda f: Item(
            record=f,
            text=f.filename,
            note=f.error,
            since=f.uploaded_at,
            site=f.instrument.site,
        ),
        more="qc:instrument_file_list",
    )


def _results(by, status):
    return (
        Result.objects.visible_to(by)
        .filter(status=status)
        .select_related("sample", "batch__product", "batch__site", "analyst")
        .order_by(F("batch__expires_at").asc(nulls_last=True), "entered_at")
    )


def _result(result, **more) -> Item:
    return Item(
        record=result,
        label=result.test,
        text=f"{result.reportable or result.value} {result.unit}",
        note=f"{result.sample.number} · {result.batch.product.name}",
        verdict=result.verdict,
        site=result.batch.site,
        **more,
    )


def results_to_submit(by, at) -> WorkList:
    return waiting(
        "My results to submit",
        "send",
        _results(by, ResultStatus.DRAFT).filter(analyst=by),
        lambda r: _result(r, since=r.entered_at),
        more="qc:result_list",
        query="tab=draft",
    )


def results_to_approve(by, at) -> WorkList:
    """Submitted by somebody else; those that fail first."""
    found = _results(by, ResultStatus.SUBMITTED).exclude(analyst=by)
    found = found.order_by(
        Case(When(verdict=Verdict.FAIL, then=0), default=1),
        F("batch__expires_at").asc(nulls_last=True),
        "submitted_at",
    )
    return waiting(
        "Results to approve",
        "report-analytics",
        found,
        lambda r: _result(r, since=r.submitted_at, owner=r.analyst.full_name),
        more="qc:result_list",
        query="tab=submitted",
        pressing=True,
    )


def samples_without_results(by, at) -> WorkList:
    found = (
        Sample.objects.visible_to(by)
        .filter(results__isnull=True)
        .select_related("batch__product", "batch__site")
        .order_by("taken_at")
    )
    return waiting(
        "Samples nobody has tested yet",
        "test-pipe",
        found,
        lambda s: Item(
            record=s,
            text=s.kind.replace("_", " ").capitalize(),
            note=s.batch.product.name,
            since=s.taken_at,
            due=s.batch.expires_at,
            site=s.batch.site,
        ),
        more="qc:sample_list",
    )
