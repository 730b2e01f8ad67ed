"""The last access review of the demonstration: everybody kept, and attested by QA."""

from cdmo.demo.stage import Stage
from cdmo.people.models import AccessReview
from cdmo.people.services import attest_review, decide_access, open_review
from cdmo.people.states import Decision


def load(stage: Stage) -> None:
    """Review who has access, three months ago; the next one is due in three."""
    at = stage.ago(days=92)
    review = open_review(by=stage.qa, at=at, illustrative=True)
    for line in review.lines.select_related("person", "review"):
        reviewer = stage.qa2 if line.person_id == stage.qa.pk else stage.qa
        decide_access(line=line, decision=Decision.KEEP, by=reviewer, at=at)
    attest_review(review=AccessReview.objects.get(pk=review.pk), **stage.signed("qa", at))
