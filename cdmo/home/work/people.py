"""What a reviewer of access looks at."""

from datetime import timedelta

from cdmo.blockers import Ref
from cdmo.home.work.items import Item, WorkList
from cdmo.people.gather import next_review_due
from cdmo.people.models import AccessReview
from cdmo.people.states import ReviewStatus

AHEAD = timedelta(days=30)


def access_review(by, at) -> WorkList:
    """The review that is open, or the one that is due within a month: two queries."""
    due, items = next_review_due(at=at), []
    standing = AccessReview.objects.filter(status=ReviewStatus.OPEN).first()
    if standing is not None:
        items = [Item(record=standing, text="Decide and attest", status=standing.status)]
    elif due <= at + AHEAD:
        items = [
            Item(
                record=Ref("access_review", ""),
                text="Open the next access review",
                note=f"Due by {due:%d %b %Y}",
                status="late" if due < at else "pending",
            )
        ]
    return WorkList(
        "Access review",
        "user-search",
        items,
        len(items),
        more="people:review_list",
        pressing=due < at,
    )
