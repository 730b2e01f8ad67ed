"""Transfers brought to a gate through the real services."""

from datetime import date

from techtransfer.projects import services
from techtransfer.projects.models import Gate, TransferProject
from tests.builders.portfolio import a_process, a_process_version, a_product, an_agreement
from tests.cast import NOON, proof_of

TARGET = date(2027, 6, 30)


def a_transfer(cast, product=None, *, code="TT-1", **facts) -> TransferProject:
    product = product or a_product(cast)
    return services.create_transfer(
        code=code,
        product=product,
        sending_unit=facts.pop("sending_unit", product.sponsor),
        receiving_unit=facts.pop("receiving_unit", cast.cdmo),
        site=facts.pop("site", cast.site),
        target_on=facts.pop("target_on", TARGET),
        by=cast.pm,
        at=NOON,
        **facts,
    )


def gate(transfer, code) -> Gate:
    return Gate.objects.select_related("transfer").get(transfer=transfer, code=code)


def say(cast, transfer, code, decision="go", *, who="both", **more):
    """Let the receiving unit (QA), the sending unit (the sponsor's lead) or both speak."""
    people = {"receiving": [cast.qa], "sending": [cast.kadimastem_lead]}
    said = None
    for person in people.get(who) or [cast.qa, cast.kadimastem_lead]:
        said = services.decide_gate(
            gate=gate(transfer, code),
            decision=decision,
            by=person,
            at=more.pop("at", NOON),
            proof=proof_of(person),
            **more,
        )
    return said


def a_transfer_at(cast, code, **facts) -> TransferProject:
    """A transfer whose open gate is G0, G1, G2 or G3, the earlier ones passed."""
    product = facts.pop("product", None) or a_product(cast)
    transfer = a_transfer(cast, product, **facts)
    steps = {"G0": _authorise, "G1": _describe, "G2": _version}
    for step in [f"G{n}" for n in range(int(code[1:]))]:
        if step in steps:
            steps[step](cast, product)
        say(cast, transfer, step)
    return transfer


def _authorise(cast, product):
    an_agreement(cast, "work_order", sponsor=product.sponsor)


def _describe(cast, product):
    a_process(cast, product)


def _version(cast, product):
    a_process_version(cast, product, status="development")
