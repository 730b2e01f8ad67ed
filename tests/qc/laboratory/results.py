"""Entering results and concluding investigations, as the tests of this room do it."""

from datetime import timedelta

from qc.laboratory import services
from tests.builders.manufacture import STARTED
from tests.cast import proof_of

AT = STARTED + timedelta(hours=3)


def enter(cast, *entries, by=None, reason=""):
    return services.enter_results(
        entries=list(entries), by=by or cast.analyst, at=AT, reason=reason
    )


def conclude(cast, oos, conclusion, rationale="Looked into it", by=None):
    by = by or cast.qa
    return services.conclude_oos(
        oos=oos, conclusion=conclusion, rationale=rationale, by=by, at=AT, proof=proof_of(by, AT)
    )
