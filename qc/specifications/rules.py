"""Who or what objects to a change of a specification. Pure: no query, no clock, no write."""

from collections import Counter

from cdmo.accounts.roles import Role
from cdmo.blockers import Blocker
from qc.calculations.criteria import NotACriterion, parse_criterion
from qc.calculations.judge import ROUNDINGS
from qc.specifications.states import APPROVALS_NEEDED, SpecificationStatus


def reason_blockers(reason: str, record):
    if not (reason or "").strip():
        yield Blocker("reason_missing", f"Say why {record.key} is changed.", record=record)


def draft_blockers(specification):
    """Yield an objection if the text stands already: then only a new version changes it."""
    if specification.status != SpecificationStatus.DRAFT:
        yield Blocker(
            "not_a_draft",
            f"{specification.key} is approved and is not edited any more. Write a new version.",
            record=specification,
        )


def lines_blockers(lines, record=None):
    """Yield every objection to a list of lines ({test, criterion, method?, surrogate?, …})."""
    if not lines:
        yield Blocker("no_lines", "A specification has at least one line.", record=record)
    tests = [" ".join(line["test"].split()) for line in lines]
    for test, count in Counter(test.casefold() for test in tests).items():
        if count > 1:
            name = next(t for t in tests if t.casefold() == test)
            yield Blocker("test_twice", f"{name} stands {count} times.", record=record)
    for line, test in zip(lines, tests, strict=True):
        if not test:
            yield Blocker("test_missing", "A line has no test.", record=record)
        yield from _line_blockers(line, test, set(tests), record)


def _line_blockers(line, test, tests, record):
    try:
        parse_criterion(line["criterion"])
    except NotACriterion as error:
        yield Blocker("not_a_criterion", f"{test}: {error}", record=record)
    rounding = line.get("rounding") or "usp"
    if rounding not in ROUNDINGS:
        yield Blocker("rounding", f"{test}: {rounding} is not a rounding rule.", record=record)
    surrogate = line.get("surrogate") or ""
    if surrogate and surrogate not in tests:
        yield Blocker(
            "surrogate",
            f"{test}: {surrogate}, which is to stand in for it, is not a test of this "
            "specification.",
            record=record,
        )
    if surrogate and surrogate == test:
        yield Blocker("surrogate", f"{test} cannot stand in for itself.", record=record)


def approval_blockers(specification, *, by, authors, signers, roles, requires_a_test):
    """Yield every objection to this person's approval.

    `authors`: ids of everybody who wrote or changed the text. `signers`: {id: roles of that person}
    of those whose approval stands. `roles`: those of `by`. `requires_a_test`: whether any line is
    required; without one a batch could be released on no result at all.
    """
    if not requires_a_test:
        yield Blocker(
            "nothing_required",
            f"{specification.key} requires no test: mark at least one line as required.",
            record=specification,
        )
    if by.pk in authors:
        yield Blocker(
            "own_text",
            f"{by.full_name} wrote {specification.key}: its approval takes two other people.",
            record=specification,
        )
    if by.pk in signers:
        yield Blocker(
            "signed_already",
            f"{by.full_name} has approved {specification.key} already; the second approval takes "
            "another person.",
            record=specification,
        )
    is_last = len(signers) + 1 >= APPROVALS_NEEDED
    held = [set(roles), *(set(held) for held in signers.values())]
    if is_last and not any(Role.QA in one for one in held):
        yield Blocker(
            "qa_missing",
            "At least one of the two approvals must be that of quality assurance.",
            record=specification,
            owner=Role.QA.label,
        )


def succession_blockers(specification, *, former, started_batches):
    """Yield objections to the day from which a version applies.

    `former`: the version of the same product and stage that is open now, or None.
    `started_batches`: numbers of batches begun on or after that day, which `former` judges.
    """
    if former is None:
        return
    if specification.effective_from <= former.effective_from:
        yield Blocker(
            "effective_too_early",
            f"{specification.key} would apply from {specification.effective_from:%Y-%m-%d}, but "
            f"{former.key} applies from {former.effective_from:%Y-%m-%d}: choose a later day.",
            record=former,
        )
    elif started_batches:
        shown = ", ".join(started_batches[:10])
        more = f" and {len(started_batches) - 10} more" if len(started_batches) > 10 else ""
        yield Blocker(
            "batches_started",
            f"{shown}{more} began on or after {specification.effective_from:%Y-%m-%d} and would be "
            f"judged anew: {former.key} stays theirs, so choose a later day.",
            record=specification,
        )
