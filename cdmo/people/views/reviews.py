"""Access reviews: the list, one with its lines, deciding and attesting."""

from django.db.models import Count, Q
from django.http import Http404
from django.utils import timezone

from cdmo.accounts.roles import Right
from cdmo.people import forms, rules, services
from cdmo.people.gather import next_review_due
from cdmo.people.models import AccessReview
from cdmo.people.states import MEANINGS, Decision, ReviewStatus
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.lists import Column
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView


class ReviewList(RecordList):
    model = AccessReview
    right_to_see = Right.READ_AUDIT
    title = "Access reviews"
    select = ("attested_by", "opened_by")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("status", "Status", kind="status"),
        Column("opened_at", "Opened", kind="instant", order="opened_at"),
        Column("opened_by", "By", kind="person"),
        Column("seen", "Accesses", kind="number"),
        Column("undecided", "Undecided", kind="number"),
        Column("removed", "Taken away", kind="number"),
        Column("attested_at", "Attested", kind="instant"),
        Column("attested_by", "Attested by", kind="person"),
    )
    ordering = "-opened_at"
    empty_title = "No review yet"
    empty_text = "Every account with its roles is looked at in turn; a signature attests it."
    empty_icon = "user-search"
    new_label = "Open a review"

    @property
    def lead(self):
        due = next_review_due(at=timezone.now())
        late = " It is late." if due < timezone.now() else ""
        return f"Who has access, and whether they still should. Next due by {due:%d %b %Y}.{late}"

    @property
    def new_url(self):
        return page("people:review_new")

    def may_make(self):
        return self.request.user.may(Right.REVIEW_ACCESS)

    def get_records(self):
        return (
            super()
            .get_records()
            .annotate(
                seen=Count("lines"),
                undecided=Count("lines", filter=Q(lines__decision="")),
                removed=Count("lines", filter=Q(lines__decision=Decision.REMOVE)),
            )
        )


class ReviewNew(NewRecord):
    title = "Open an access review"
    meaning = "Every active account is listed with the roles it holds now."
    button = "Open the review"
    verb = "open"
    right = Right.REVIEW_ACCESS
    right_to_see = Right.READ_AUDIT

    def blockers(self):
        standing = AccessReview.objects.filter(status=ReviewStatus.OPEN).first()
        return rules.open_blockers(standing=standing)

    def act(self, *, by, at, data, proof):
        return services.open_review(by=by, at=at)


class ReviewPage(RecordPage):
    model = AccessReview
    right_to_see = Right.READ_AUDIT
    select = ("opened_by", "attested_by")
    template_name = "people/review.html"

    def get_context_data(self, **kwargs):
        lines = list(self.record.lines.select_related("person", "decided_by"))
        # What nobody has decided stands first, and of that what is marked.
        lines.sort(key=lambda line: (bool(line.decision), not line.seen["flags"], line.pk))
        is_open = self.record.status == ReviewStatus.OPEN
        return super().get_context_data(
            lines=lines,
            undecided=sum(not line.decision for line in lines),
            removed=sum(line.decision == Decision.REMOVE for line in lines),
            is_open=is_open,
            decides=is_open and self.request.user.may(Right.REVIEW_ACCESS),
            signatures=signatures_of(self.record),
            **kwargs,
        )


class OfReview(VerbView):
    model = AccessReview
    right = Right.REVIEW_ACCESS
    right_to_see = Right.READ_AUDIT


class LineDecide(OfReview):
    """Keep or take away one access."""

    verb = "decide"
    title = "Decide about this access"
    button = "Decide"
    form_class = forms.DecisionForm
    reason = "optional"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        found = self.record.lines.select_related("person", "review")
        self.line = found.filter(pk=self.kwargs["line"]).first()
        if self.line is None:
            raise Http404

    @property
    def meaning(self):
        return f"{self.line.seen['name']}: {self.line.seen['role'] or 'an account without a role'}"

    def get_initial(self):
        return {"decision": self.line.decision, "reason": self.line.reason}

    def blockers(self):
        return rules.decide_blockers(self.line, by=self.request.user, decision="", reason="")

    def act(self, *, by, at, data, proof):
        services.decide_access(line=self.line, by=by, at=at, **data)


class KeepRest(OfReview):
    verb = "keep-rest"
    title = "Keep what nothing marks"
    meaning = "Every access that is undecided, unmarked and not your own stays."
    button = "Keep them"

    def blockers(self):
        return rules.still_open_blockers(self.record)

    def act(self, *, by, at, data, proof):
        services.keep_unremarkable(review=self.record, by=by, at=at)


class ReviewAttest(OfReview):
    verb = "attest"
    title = "Attest this review"
    meaning = MEANINGS["attest"]
    signed = True
    reason = "optional"
    done = "Attested. What was to go has ended."

    def blockers(self):
        lines = list(self.record.lines.select_related("person"))
        return rules.attest_blockers(self.record, lines, remaining_administrators=1)

    def act(self, *, by, at, data, proof):
        return services.attest_review(review=self.record, by=by, at=at, proof=proof, **data)
