"""RC-36 and RC-41: whether the batch was allowed to be made, and who may certify it."""

from cdmo.accounts.roles import Role
from cdmo.blockers import Ref
from cdmo.portfolio.authority import authority_blockers
from qc.release.evidence.involvement import acts_of
from qc.release.rules.base import HARD, Case, Judged, failed, listed, not_applicable, passed, rule


@rule(
    "RC-36",
    "Agreements in force cover this batch",
    kind=HARD,
    owner=Role.PROJECT_MANAGER,
    source="EU GMP Chapter 7; Annex 16, 1.7",
)
def agreements_cover(case: Case) -> Judged:
    batch, coverage = case.batch, case.e.coverage
    if coverage.internal:
        return not_applicable("The CDMO makes this batch for itself.")
    found = list(
        authority_blockers(
            product=batch.product, purpose=batch.purpose, coverage=coverage, on=case.today
        )
    )
    if found:
        refs = {Ref(b.record_type, b.record_key): None for b in found if b.record is not None}
        return failed(
            " ".join(b.message for b in found),
            *refs,
            action="Bring the agreements in force that cover this batch",
        )
    return passed(f"Agreements with {batch.sponsor} in force cover this {batch.purpose} batch.")


def involvement(case: Case, user_id: int) -> list[str]:
    """Return in words what a person did on this batch: whoever did anything may not certify it."""
    e = case.e
    acts = acts_of(
        batch=e.batch,
        starts=e.starts,
        steps=e.steps,
        inputs=e.inputs,
        scans=e.scans,
        samples=e.samples.values(),
        results=e.results,
        signatures=e.signatures,
    )
    return [did for did, people in acts.items() if user_id in people]


def appointed(case: Case) -> dict[int, str]:
    """Return the Qualified Persons appointed for the batch's site at this instant."""
    return {
        q.user_id: q.email
        for q in case.e.qualified_persons
        if q.valid_from <= case.at and (q.valid_until is None or case.at < q.valid_until)
    }


@rule(
    "RC-41",
    "An independent Qualified Person is appointed for the site",
    kind=HARD,
    owner=Role.ADMIN,
    source="EU GMP Annex 16; 21 CFR 11.200",
)
def certifier_independent(case: Case) -> Judged:
    people = appointed(case)
    if not people:
        return failed(
            f"No active Qualified Person is appointed for site {case.batch.site}.",
            Ref("site", case.batch.site),
            action=f"Appoint a Qualified Person for {case.batch.site}",
        )
    free = [email for pk, email in people.items() if pk not in case.e.people]
    if not free:
        return failed(
            f"Every Qualified Person of {case.batch.site} took part in this batch: "
            f"{listed(people.values())}.",
            *(Ref("person", email) for email in people.values()),
            action=f"Appoint another Qualified Person for {case.batch.site}",
        )
    return passed(f"{listed(free)} may certify for {case.batch.site}.")
