"""The canonical JSON of evidence: what a check stores, what its SHA-256 and the signature mean.

Rows are written as lists under `columns`, so a file says itself what its fields are. It is the same
bytes that `cdmo.records.canonical` makes of it; the difference is that parts which many batches
share (a lot, a specification, agreements) are written once a set.
"""

from dataclasses import replace
from functools import cache

import orjson

from qc.release.evidence import values as v

SCHEMA = "3"
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
_COLUMNS = {
    "ancestors": v.Ancestor,
    "ancestor_inputs": v.Input,
    "calibrations": v.Calibration,
    "deviations": v.Deviation,
    "inputs": v.Input,
    "instruments": v.Instrument,
    "justifications": v.Justified,
    "lines": v.Line,
    "lots": v.Lot,
    "master_steps": v.MasterStep,
    "methods": v.Method,
    "oos": v.Oos,
    "qualified_persons": v.QualifiedPerson,
    "results": v.Result,
    "samples": v.Sample,
    "scans": v.Scan,
    "signatures": v.SignatureFacts,
    "specifications": v.Specification,
    "starts": v.Start,
    "steps": v.Step,
    "trail": v.TrailLine,
}


def dumped(content) -> bytes:
    return orjson.dumps(content, default=list, option=_OPTIONS)


def fragment(content) -> orjson.Fragment:
    return orjson.Fragment(dumped(content))


_COLUMN_NAMES = fragment(
    {name: values._fields for name, values in _COLUMNS.items()} | {"people": ["id", "email"]}
)


class Writer:
    """Write evidence of one set; remembers what its batches share."""

    def __init__(self, reader):
        self.agreements = {pk: fragment(_coverage(c)) for pk, c in reader.coverage.items()}
        self.lots = {pk: fragment(lot) for pk, lot in reader.lots.items()}
        self.methods = {pk: fragment(m) for pk, m in reader.methods.items()}
        self.people = {pk: fragment((pk, email)) for pk, email in reader.people.items()}
        self.qualified = {pk: fragment(found) for pk, found in reader.qualified_persons.items()}
        self.lines = cache(lambda pk: fragment(reader.lines[pk]))
        self.masters = cache(
            lambda pk: (
                fragment(reader.masters[pk]._asdict()),
                fragment(reader.master_steps.get(pk, [])),
            )
        )

    def written(self, e: v.BatchEvidence) -> v.BatchEvidence:
        """Return the evidence with its canonical JSON."""
        master, steps = self.masters(e.batch.master_id) if e.master else (None, [])
        content = {
            "agreements": self.agreements[e.batch.sponsor_id],
            "ancestor_inputs": e.ancestor_inputs,
            "ancestors": e.ancestors,
            "batch": e.batch._asdict(),
            "calibrations": e.calibrations,
            "columns": _COLUMN_NAMES,
            "deviations": e.deviations,
            "inputs": e.inputs,
            "instruments": list(e.instruments.values()),
            "justifications": e.justifications,
            "lines": self.lines(e.specifications[0].id) if len(e.specifications) == 1 else [],
            "lots": [self.lots[pk] for pk in e.lots],
            "master": master,
            "master_steps": steps,
            "methods": [self.methods[pk] for pk in e.methods],
            "oos": e.oos,
            "people": [self.people[pk] for pk in e.people],
            "qualified_persons": self.qualified.get(e.batch.site_id, []),
            "results": e.results,
            "samples": list(e.samples.values()),
            "scans": e.scans,
            "schema": SCHEMA,
            "signatures": e.signatures,
            "specifications": e.specifications,
            "starts": e.starts,
            "steps": e.steps,
            "trail": e.trail,
            "trail_review": e.trail_review._asdict() if e.trail_review else None,
        }
        return replace(e, canonical=dumped(content))


def _coverage(coverage) -> dict:
    return {
        "internal": coverage.internal,
        "agreements": [
            {
                "number": a.number,
                "kind": a.kind,
                "status": a.status,
                "valid_from": a.valid_from,
                "valid_until": a.valid_until,
                "scope": [[s.item, s.work, s.status, s.product] for s in a.scope],
            }
            for a in coverage.agreements
        ],
    }
