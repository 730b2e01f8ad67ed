"""Who had a hand in a batch: the one list behind RC-41 and the refusal to certify. Pure."""

SIGNED_ITS_RECORD = "signed or reviewed its record"
WORKED = "worked on its record before somebody else corrected or completed it"


def acts_of(
    *, batch, starts, steps, inputs, scans, samples, results, signatures
) -> dict[str, set[int | None]]:
    """Return what people did on a batch, in words, and who did it.

    Whoever made, tested or reviewed a batch may not certify it (EU GMP Annex 16). Issuing it,
    holding it, and raising or assessing a deviation are oversight: nobody is made to choose
    between reporting what they saw and certifying.
    """
    return {
        "started it or witnessed its start": {p for s in starts for p in (s.by, s.witness)},
        "made it": {
            *(p for s in steps for p in (s.performed_by, s.corrected_by)),
            *(taken.recorded_by for taken in inputs),
        },
        "verified steps of it": {s.verified_by for s in steps},
        "scanned its identity": {scan.by for scan in scans},
        "took samples of it": {sample.taken_by for sample in samples},
        "tested it": {r.analyst for r in results},
        "reviewed its results": {r.reviewer for r in results},
        SIGNED_ITS_RECORD: {batch.reviewed_by, *(s.by for s in signatures)},
    }
