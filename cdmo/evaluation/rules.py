"""Objections to drawing up and concluding a periodic evaluation. Source: domain.md P-40."""

from cdmo.blockers import Blocker
from cdmo.evaluation.states import CONCLUDE
from cdmo.states import move_blockers


def period_blockers(*, since, until, at):
    """A period is looked at when it is over, and is at least an instant long."""
    if since >= until:
        yield Blocker("no_period", "The period ends before it begins.")
    if until > at:
        yield Blocker("in_future", "The period is not over yet; let it end now or earlier.")


def conclude_blockers(evaluation):
    yield from move_blockers(evaluation, [CONCLUDE])


def conclusion_blockers(evaluation, *, conclusion):
    """A signature without a conclusion says nothing."""
    if not (conclusion or "").strip():
        yield Blocker(
            "no_conclusion",
            f"{evaluation.number}: write what you conclude from what is listed.",
            record=evaluation,
            owner="Quality assurance",
        )
