"""The readiness panel beside a batch, and the readiness bars of a list."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.generic import TemplateView

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.records.canonical import sha256
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.views import RecordPage, StaffRequired
from qc.release import rules
from qc.release.models import Certificate, ReleaseCheck
from qc.release.readiness import Readiness, readiness_of

WORDS = {
    "ready": "Nothing stands in the way.",
    "conditional": "Ready for conditional certification: results follow.",
    "pending": "Evidence is still missing.",
    "blocked": "Something stands in the way.",
}
DECIDED = {
    "released": "This batch is released.",
    "conditional": "This batch is released on conditions.",
    "rejected": "This batch is rejected.",
    "recalled": "This batch is recalled.",
    "oos_supplied": "This batch was supplied out of specification.",
}
# The next action of a rule has a page: (URL name, words). Others are reached by the record's link.
NEXT = {
    "RC-02": ("qc:batch_qc", "Go to QC"),
    "RC-03": ("qc:batch_qc", "Go to QC"),
    "RC-04": ("qc:batch_qc", "Go to QC"),
    "RC-07": ("qc:batch_qc", "Go to QC"),
    "RC-17": ("batches:batch_record", "Go to the record"),
    "RC-19": ("batches:batch_record", "Go to the record"),
    "RC-20": ("batches:batch_record", "Go to the record"),
    "RC-21": ("batches:batch_deviations", "Go to deviations"),
    "RC-23": ("batches:batch_materials", "Go to materials"),
    "RC-24": ("batches:batch_materials", "Go to materials"),
    "RC-25": ("batches:batch_materials", "Go to materials"),
    "RC-27": ("batches:batch_identity", "Go to identity"),
}


class ReadinessPanel(RecordPage):
    """ "Why is this batch not released?" As a fragment, polled by htmx.

    Every answer carries a mark of what it shows; asked again with the same mark it answers 204, and
    htmx leaves the page as it is: nothing jumps under the reader's hand.
    """

    model = Batch
    select = ("product", "site", "sponsor")
    template_name = "qc/release/_panel.html"

    def get(self, request, *args, **kwargs):
        self.readiness = readiness_of(self.record, at=timezone.now())
        self.mark = mark_of(self.record, self.readiness, request.user)
        if request.GET.get("seen") == self.mark:
            return HttpResponse(status=204)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        found = self.readiness
        return super().get_context_data(
            readiness=found,
            mark=self.mark,
            every="2s" if found.waiting else "20s",
            words=DECIDED.get(self.record.disposition) or WORDS[found.verdict],
            title=title_of(self.record),
            reopened=is_reopened(self.record, found),
            certify=certify_button(self.record, found, self.request.user),
            may_check=self.request.user.may(Right.CHECK_RELEASE),
            **groups_of(self.record, found, self.request.user),
            **kwargs,
        )


def title_of(batch) -> str:
    if batch.disposition == "pending":
        return "Why is this batch not released?"
    return "Release"


def is_reopened(batch, readiness: Readiness) -> bool:
    """Whether the last check speaks against the decision that was taken."""
    if batch.disposition == "released":
        return readiness.check is not None and readiness.verdict != "ready"
    return batch.disposition == "conditional" and readiness.verdict == "blocked"


def is_corrected(batch) -> bool:
    """Whether the record was corrected after the last certificate of analysis was issued."""
    last = Certificate.objects.filter(batch=batch).order_by("-issue").first()
    if last is None or batch.disposition not in {"released", "conditional"}:
        return False
    voided = signatures_of(batch).filter(verb__in=["complete", "review"], void__isnull=False)
    return voided.filter(void__at__gt=last.issued_at).exists()


def groups_of(batch, readiness: Readiness, user) -> dict:
    """Return findings as blocking, waiting and done, each with where to go next."""
    blocking, waiting, done = [], [], []
    for finding in readiness.findings:
        shown = {**finding, "kind": finding["class"]}
        name, label = NEXT.get(finding["rule"], ("", ""))
        if rules.blocks(finding) or rules.waits(finding):
            shown["next_url"], shown["next_label"] = page(name, key=batch.key), label
        if (
            rules.blocks(finding)
            and finding["class"] == "justifiable"
            and user.may(Right.JUSTIFY)
            and readiness.check
        ):
            shown["justify_url"] = page(
                "qc:release_check_justify", key=readiness.check.pk, rule=finding["rule"]
            )
        group = blocking if rules.blocks(finding) else waiting if rules.waits(finding) else done
        group.append(shown)
    return {"blocking": blocking, "waiting": waiting, "done": done}


def certify_button(batch, readiness: Readiness, user) -> dict | None:
    """Return the button that decides, for a Qualified Person and where a decision is due."""
    if not user.may(Right.CERTIFY):
        return None
    if readiness.verdict == "ready" and batch.disposition in {"pending", "conditional"}:
        return {"url": page("qc:batch_certify", key=batch.key), "label": "Certify"}
    if readiness.verdict == "conditional" and batch.disposition == "pending":
        return {
            "url": page("qc:batch_certify_conditionally", key=batch.key),
            "label": "Certify conditionally",
        }
    return None


def mark_of(batch, readiness: Readiness, user) -> str:
    parts = [
        str(user.pk),
        batch.disposition,
        readiness.verdict,
        str(readiness.is_stale),
        str(readiness.check.pk if readiness.check else ""),
        str((readiness.waiting.pk, readiness.waiting.status) if readiness.waiting else ""),
        str(readiness.expected_release_at),
    ]
    return sha256("|".join(parts).encode())[:16]


class ReadinessBars(StaffRequired, TemplateView):
    """The bars of a list's rows, swapped into place by their id. ?batches=NUMBER,NUMBER"""

    template_name = "qc/release/_bars.html"

    def get_context_data(self, **kwargs):
        numbers = [n for n in self.request.GET.get("batches", "").split(",") if n][:200]
        user = self.request.user
        batches = Batch.objects.visible_to(user).filter(number__in=numbers).in_bulk()
        latest = {
            check.batch_id: check
            for check in ReleaseCheck.objects.latest().filter(batch_id__in=batches).defer("digest")
        }
        bars = [(batch.number, latest.get(pk)) for pk, batch in batches.items()]
        return super().get_context_data(bars=bars, **kwargs)
