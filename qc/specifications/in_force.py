"""Which version of a specification a batch is judged on.

The one effective on the day its manufacture started, on its site's clock; before the start,
today's. Later versions never re-judge a batch silently (domain.md section 4).
"""

from zoneinfo import ZoneInfo

from qc.specifications.models import Specification
from qc.specifications.states import Stage

# A product is released against its most finished stage that has a specification.
RELEASE_STAGES = (Stage.DRUG_PRODUCT, Stage.DRUG_SUBSTANCE, Stage.INTERMEDIATE)


def specification_in_force(product_id, on, stage=None) -> Specification | None:
    """Return the one version in force on a day, or None. Without `stage`: that of release.

    There is never more than one of a stage: approving a version ends the one before it.
    """
    found = {s.stage: s for s in Specification.objects.effective(product_id, on)}
    stages = RELEASE_STAGES if stage is None else (stage,)
    return next((found[s] for s in stages if s in found), None)


def day_of_manufacture(batch, at):
    """Return the day whose specification applies: of the start, on the site's clock; else today."""
    return (batch.started_at or at).astimezone(ZoneInfo(batch.site.timezone)).date()


def specification_for(batch, at) -> Specification | None:
    """Return the specification that a batch is judged on, or None. Reads `batch.site`."""
    return specification_in_force(batch.product_id, day_of_manufacture(batch, at))
