"""Issuing certificates of analysis: numbered documents that are superseded, never replaced."""

from batches.dossier import locked
from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import Document
from cdmo.records.services import numbered, record_event, store_document
from cdmo.records.signatures import standing_signatures
from qc.release import rules
from qc.release.certificate import certificate_content, render
from qc.release.evidence import gather_evidence
from qc.release.models import Certificate, Certification
from qc.release.rules import deciding
from qc.specifications.models import Specification


@service
def issue_certificate(*, batch, certification, evidence, by, at, reason=""):
    """Write a batch's next certificate, superseding the one before. Part of a certification."""
    former = Certificate.objects.filter(batch=batch).order_by("-issue").first()
    issue = former.issue + 1 if former else 1
    number = numbered("COA", at)
    content = certificate_content(
        number=number,
        issue=issue,
        supersedes=former.number if former else "",
        reason=reason if former else "",
        batch=Batch.objects.select_related("product", "site", "sponsor", "process_version").get(
            pk=batch.pk
        ),
        evidence=evidence,
        certification=certification,
        signatures=list(
            standing_signatures(batch).filter(
                verb__in=["review", "certify", "certify-conditionally"]
            )
        ),
        at=at,
    )
    digest = sha256(canonical(content))
    document = store_document(
        data=render(content, digest=digest),
        kind=Document.Kind.CERTIFICATE,
        title=f"Certificate of analysis {number}, batch {batch.number}",
        filename=f"{number}.pdf",
        media_type="application/pdf",
        sponsor=batch.sponsor,
        record=batch,
        by=by,
        at=at,
    )
    certificate = Certificate.objects.create(
        number=number,
        batch=batch,
        sponsor_id=batch.sponsor_id,
        issue=issue,
        document=document,
        certification=certification,
        specification=Specification.objects.get(pk=evidence.specifications[0].id),
        conditional=certification.kind == Certification.Kind.CONDITIONAL,
        supersedes=former,
        reason=reason if former else "",
        content_sha256=digest,
        issued_at=at,
        issued_by=by,
        issued_by_name=by.full_name,
    )
    record_event(
        verb="certificate.issued",
        record=certificate,
        by=by,
        at=at,
        reason=reason,
        new={"batch": batch.number, "issue": issue, "content_sha256": digest},
        shared=True,
    )
    return certificate


@service
def reissue_certificate(*, certificate, by, at, reason):
    """Issue a certificate again with what stands now, numbered and superseding. Raises Blocked.

    Refused while what stands now speaks against the certification that it would name.
    """
    batch = locked(certificate.batch)
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    ensure_clear(
        [
            *_objections(certificate, batch, evidence, by=by),
            *_reason_blockers(certificate, reason),
        ]
    )
    certification = Certification.objects.filter(batch=batch).order_by("-pk").first()
    return issue_certificate(
        batch=batch, certification=certification, evidence=evidence, by=by, at=at, reason=reason
    )


def reissue_objections(certificate, *, by, at):
    """Yield every objection to issuing a certificate again now, before a reason is given."""
    batch = Batch.objects.get(pk=certificate.batch_id)
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    yield from _objections(certificate, batch, evidence, by=by)


def _objections(certificate, batch, evidence, *, by):
    yield from right_blockers(by, Right.ISSUE_CERTIFICATE)
    yield from _reissue_blockers(certificate, batch)
    yield from _reopened_blockers(batch, evidence)


def _reason_blockers(certificate, reason):
    if not (reason or "").strip():
        yield Blocker("no_reason", "A re-issue needs its reason.", record=certificate)


def _reissue_blockers(certificate, batch):
    newer = Certificate.objects.filter(supersedes=certificate).first()
    if newer is not None:
        yield Blocker(
            "superseded",
            f"{certificate.number} was superseded by {newer.number}; issue that one again.",
            record=newer,
        )
    if batch.disposition not in {"released", "conditional"}:
        yield Blocker(
            "not_released",
            f"{batch.number} is {batch.get_disposition_display().lower()}: "
            "no certificate is issued for it.",
            record=batch,
        )


def _reopened_blockers(batch, evidence):
    """Yield every finding that speaks against the decision, judged as of that decision."""
    if batch.disposition not in {"released", "conditional"}:
        return
    findings = rules.judge(evidence, at=batch.disposed_at)
    for finding in findings:
        waits = rules.waits(finding) and batch.disposition == "released"
        if rules.blocks(finding) or waits:
            yield deciding.finding_blocker(finding)
