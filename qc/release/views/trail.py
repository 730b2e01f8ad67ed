"""The review of a batch's audit trail: exceptions first, and the signed conclusion."""

from itertools import groupby
from operator import attrgetter

from django.utils import timezone
from django.utils.functional import cached_property

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.views import RecordPage, VerbView
from qc.release import services
from qc.release.forms import TrailReviewForm
from qc.release.models import AuditReview
from qc.release.rules.trail import KINDS
from qc.release.services.trail import MEANING, exceptions_of, review_trail_objections

BATCH = ("product", "site", "sponsor", "process_version", "master", "coi")


class BatchTrail(RecordPage):
    """What a reviewer of the audit trail looks at first, and the reviews that were given."""

    model = Batch
    select = BATCH
    template_name = "qc/release/batch_trail.html"

    def get_context_data(self, **kwargs):
        entries = exceptions_of(self.record, by=self.request.user)
        reviews = list(
            AuditReview.objects.visible_to(self.request.user)
            .filter(batch=self.record)
            .select_related("by")
            .order_by("-id")
        )
        return super().get_context_data(
            groups=[
                {"title": KINDS[kind], "kind": kind, "entries": list(found)}
                for kind, found in groupby(entries, key=attrgetter("kind"))
            ],
            reviews=[{"review": one, "signatures": signatures_of(one)} for one in reviews],
            may_review=self.request.user.may(Right.REVIEW_BATCH),
            objections=review_trail_objections(
                self.record, by=self.request.user, at=timezone.now()
            ),
            **kwargs,
        )


class ReviewTrail(VerbView):
    """Sign the review, with an explanation of each exception that has none."""

    model = Batch
    select = BATCH
    form_class = TrailReviewForm
    verb = "review-audit-trail"
    title = "Review the audit trail"
    meaning = MEANING
    button = "Sign the review"
    signed = True
    done = "The review of the audit trail is on record."

    @cached_property
    def entries(self):
        return exceptions_of(self.record, by=self.request.user)

    def blockers(self):
        return review_trail_objections(self.record, by=self.request.user, at=timezone.now())

    def signed_content(self):
        return None  # number and explanations are known only when it is signed

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "entries": self.entries}

    def act(self, *, by, at, data, proof):
        services.review_audit_trail(batch=self.record, by=by, at=at, proof=proof, **data)

    def get_success_url(self, record=None):
        return page("qc:batch_trail", key=self.record.key)
