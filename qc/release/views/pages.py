"""Pages of release: the batch's tab, a check as stored, certificates, what is to certify."""

import json

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.generic import TemplateView, View

from batches.manufacture.models import Batch
from batches.manufacture.states import Disposition
from cdmo.accounts.roles import Right
from cdmo.records.models import Signature
from cdmo.records.services import read_document, record_download
from cdmo.records.signatures import signatures_of
from cdmo.web.lists import Column, Tab
from cdmo.web.views import RecordList, RecordMixin, RecordPage, StaffRequired
from qc.release.downloads import as_attachment
from qc.release.models import Certificate, CheckEvidence, Justification, ReleaseCheck
from qc.release.readiness import readiness_of
from qc.release.services.certification import findings_of
from qc.release.views.panel import certify_button, is_corrected, is_reopened

OPEN = (Disposition.PENDING, Disposition.CONDITIONAL)


class BatchRelease(RecordPage):
    """The Release tab: history of checks, decisions, justifications, certificates."""

    model = Batch
    select = ("product", "site", "sponsor", "process_version", "master", "coi")
    template_name = "qc/release/batch_release.html"

    def get_context_data(self, **kwargs):
        batch, user = self.record, self.request.user
        readiness = readiness_of(batch, at=timezone.now())
        justifications = Justification.objects.filter(batch=batch).select_related("by")
        return super().get_context_data(
            tab="release",
            readiness=readiness,
            reopened=is_reopened(batch, readiness),
            corrected=is_corrected(batch),
            certify=certify_button(batch, readiness, user),
            checks=ReleaseCheck.objects.filter(batch=batch)
            .select_related("queued_by")
            .defer("digest")[:50],
            certifications=batch.certifications.select_related("check_row"),
            certificates=Certificate.objects.filter(batch=batch).select_related(
                "document", "supersedes", "superseded_by"
            ),
            justifications=justifications,
            signatures=signatures_of(batch).filter(
                verb__in=["certify", "certify-conditionally", "reject", "recall", "review"]
            ),
            may_check=user.may(Right.CHECK_RELEASE),
            **kwargs,
        )


class CheckPage(RecordPage):
    """One check as it was stored: verdict, findings, evidence."""

    model = ReleaseCheck
    select = ("batch", "batch__site", "batch__product", "queued_by")
    template_name = "qc/release/check.html"

    def get_context_data(self, **kwargs):
        seen = CheckEvidence.objects.filter(check_row=self.record).first()
        evidence = json.loads(seen.evidence) if seen else None
        return super().get_context_data(
            findings=findings_of(self.record),
            tables=tables_of(evidence) if evidence else [],
            evidence_text=json.dumps(evidence, indent=1, ensure_ascii=False) if evidence else "",
            size=len(seen.evidence.encode()) if seen else 0,
            **kwargs,
        )


def tables_of(evidence: dict) -> list[dict]:
    """Return the evidence as tables with their columns, the empty ones left out."""
    return [
        {"name": name.replace("_", " "), "columns": columns, "rows": evidence[name]}
        for name, columns in evidence["columns"].items()
        if evidence.get(name)
    ]


class CheckEvidenceFile(StaffRequired, RecordMixin, View):
    """The evidence of a check, byte for byte as it was hashed."""

    model = ReleaseCheck

    def get(self, request, *args, **kwargs):
        seen = CheckEvidence.objects.filter(check_row=self.record).first()
        if seen is None:
            raise Http404
        response = HttpResponse(seen.evidence.encode(), content_type="application/json")
        name = f"release-check-{self.record.pk}-evidence.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response


class CertificateList(RecordList):
    model = Certificate
    title = "Certificates of analysis"
    lead = "As issued; a re-issue supersedes the one before."
    select = ("batch", "batch__product", "batch__site", "document", "sponsor", "superseded_by")
    tabs = (
        Tab("standing", "In force", Q(superseded_by__isnull=True)),
        Tab("conditional", "Conditional", Q(conditional=True, superseded_by__isnull=True)),
        Tab("superseded", "Superseded", Q(superseded_by__isnull=False)),
    )
    search = ("number", "batch__number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch", kind="record"),
        Column("product", "Product", "batch.product", kind="record"),
        Column("sponsor", "Sponsor", kind="record"),
        Column("issue", "Issue", kind="number"),
        Column("kind", "Kind", lambda c: "Conditional" if c.conditional else "Final"),
        Column("issued_by_name", "Issued by"),
        Column("issued_at", "Issued", kind="instant", order="issued_at"),
    )
    ordering = "-id"
    empty_icon = "certificate"
    empty_title = "No certificates here"
    empty_text = "A certificate is issued when a Qualified Person certifies a batch."


class CertificatePage(RecordPage):
    model = Certificate
    select = (
        "batch",
        "batch__site",
        "batch__product",
        "document",
        "specification",
        "certification",
        "supersedes",
        "superseded_by",
    )
    template_name = "qc/release/certificate.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            signatures=Signature.objects.filter(
                record_type="batch",
                record_id=self.record.batch_id,
                verb__in=["certify", "certify-conditionally"],
            ).select_related("void"),
            may_reissue=self.request.user.may(Right.ISSUE_CERTIFICATE)
            and not hasattr(self.record, "superseded_by"),
            **kwargs,
        )


class CertificateFile(StaffRequired, RecordMixin, View):
    """The PDF as issued, proven against its hash on every read."""

    model = Certificate
    select = ("document",)

    def get(self, request, *args, **kwargs):
        document = self.record.document
        response = as_attachment(document, read_document(document))
        record_download(document=document, by=request.user, at=timezone.now())
        return response


class ToCertify(StaffRequired, TemplateView):
    """A Qualified Person's page: what can be certified, what follows, what is blocked and why."""

    template_name = "qc/release/to_certify.html"

    def get_context_data(self, **kwargs):
        checks = list(
            ReleaseCheck.objects.visible_to(self.request.user)
            .latest()
            .filter(
                Q(batch__execution="completed", batch__disposition__in=OPEN)
                | Q(batch__disposition=Disposition.RELEASED) & ~Q(verdict="ready")
            )
            .select_related("batch__product", "batch__site", "batch__sponsor", "seen")
            .defer("seen__evidence", "digest")
            .order_by("batch__expires_at", "pk")[:300]
        )
        rows = [self.row_of(check) for check in checks]
        return super().get_context_data(
            ready=[r for r in rows if r["check"].verdict == "ready"],
            conditional=[
                r
                for r in rows
                if r["check"].verdict == "conditional"
                or (r["disposition"] == "conditional" and r["check"].verdict == "pending")
            ],
            reopened=[
                r
                for r in rows
                if r["disposition"] == "released"
                or (r["disposition"] == "conditional" and r["check"].verdict == "blocked")
            ],
            blocked=[
                r
                for r in rows
                if r["disposition"] == "pending" and r["check"].verdict in {"blocked", "pending"}
            ],
            **kwargs,
        )

    def row_of(self, check) -> dict:
        against = [
            f
            for f in check.seen.findings
            if f["outcome"] == "pending" or (f["outcome"] == "fail" and "justified" not in f)
        ]
        return {
            "check": check,
            "batch": check.batch,
            "disposition": check.batch.disposition,
            "against": against[:3],
            "more": len(against) - 3,
        }
