"""The timeline reads as sentences."""

import pytest

from batches.manufacture.sentences import sentence


@pytest.mark.parametrize(
    ("verb", "record", "said"),
    [
        ("sample.take", "SMP-26-0001", "Sample SMP-26-0001 was taken."),
        ("result.approve", "SMP-26-0001", "A result of sample SMP-26-0001 was approved."),
        ("release_check.request", "137", "A release check was asked for."),
        ("certificate.issued", "COA-26-0001", "Certificate COA-26-0001 was issued."),
        ("identity.mismatch", "1", "An identity scan did not match."),
        ("step.performed", "B-1/S10", "Step S10 was performed."),
        ("house.painted", "H-1", "House painted: H-1."),
    ],
)
def test_what_happened_is_said_in_a_sentence(verb, record, said):
    assert sentence(verb, record) == said
