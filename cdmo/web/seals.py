"""The chain of seals: how far it reaches, what it looks like, how to check it."""

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views import View

from cdmo.accounts.roles import Right
from cdmo.records.models import Seal
from cdmo.records.seals.coverage import Coverage
from cdmo.records.seals.exporting import record_taken, seal_lines
from cdmo.web.lists import Column, Filter
from cdmo.web.views import RecordList, StaffRequired

DRAWN = 4


class SealList(RecordList):
    """Every seal, the youngest first, under a picture of the end of the chain."""

    model = Seal
    right_to_see = Right.READ_AUDIT
    template_name = "web/seal_list.html"
    title = "Seals"
    lead = (
        "Every minute, what was written since to the audit trail, signatures and documents is put "
        "under a seal. Each seal holds the hash of the one before."
    )
    counted_pages = False
    filters = (
        Filter("since", "From", "sealed_at", kind="since"),
        Filter("until", "To", "sealed_at", kind="until"),
    )
    columns = (
        Column("number", "Seal", kind="number"),
        Column("sealed_at", "When", kind="instant"),
        Column("rows", "Rows", kind="number"),
        Column("sha256", "SHA-256", kind="hash"),
        Column("previous_sha256", "Of the seal before", kind="hash"),
        Column("app_version", "Version", hidden=True),
    )
    empty_title = "Nothing has been sealed yet"
    empty_text = "The first seal comes within a minute, once a worker runs."
    empty_icon = "link"

    def get_context_data(self, **kwargs):
        at, coverage = timezone.now(), Coverage.now()
        chain = list(Seal.objects.all()[:DRAWN])[::-1]
        return super().get_context_data(
            coverage=coverage,
            waiting=coverage.waiting(),
            is_late=coverage.is_late(at),
            is_ahead=coverage.is_ahead(at),
            chain=chain,
            goes_on=bool(chain and chain[0].previous_sha256),
            **kwargs,
        )


class SealsDownload(StaffRequired, View):
    """The whole chain as JSON lines, as `manage.py export_seals` writes it."""

    right_to_see = Right.READ_AUDIT

    def get(self, request, *args, **kwargs):
        record_taken(last=Seal.objects.first(), by=request.user, at=timezone.now())
        response = StreamingHttpResponse(seal_lines(), content_type="application/x-ndjson")
        response["Content-Disposition"] = 'attachment; filename="seals.jsonl"'
        response["Cache-Control"] = "private, no-store"
        return response
