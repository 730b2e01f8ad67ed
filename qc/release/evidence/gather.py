"""Evidence for a set of batches in a fixed number of queries, whether the set is one or 10,000."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from zoneinfo import ZoneInfo

from cdmo.portfolio.coverage import gather_coverage
from qc.release.evidence import queries as q
from qc.release.evidence import writing
from qc.release.evidence.involvement import acts_of
from qc.release.evidence.values import (
    Ancestor,
    BatchEvidence,
    BatchFacts,
    Calibration,
    Deviation,
    Input,
    Instrument,
    Justified,
    Line,
    Lot,
    MasterFacts,
    MasterStep,
    Method,
    Oos,
    QualifiedPerson,
    Result,
    Sample,
    Scan,
    SignatureFacts,
    Specification,
    Start,
    Step,
    TrailLine,
    TrailReview,
)
from qc.specifications.in_force import RELEASE_STAGES

zone = cache(ZoneInfo)


def gather_evidence(batch_ids: Iterable[int], *, at: datetime) -> dict[int, BatchEvidence]:
    """Return each batch's evidence. `at` only dates batches whose manufacture has not started.

    Call it with the batch locked to decide on it: then nothing that bears on it changes meanwhile.
    """
    reader = _Reader(list(batch_ids), at)
    return {pk: reader.evidence_of(batch) for pk, batch in reader.batches.items()}


def by_first(rows: list[tuple], values) -> dict[int, list]:
    """Group rows by their first column, each made into its named tuple."""
    found = defaultdict(list)
    make = values._make
    for row in rows:
        found[row[0]].append(make(row))
    return found


def by_id(rows: list[tuple], values) -> dict[int, tuple]:
    make = values._make
    return {row[0]: make(row) for row in rows}


class _Reader:
    """All rows of the set, read once; then dealt out batch by batch."""

    def __init__(self, ids: list[int], at: datetime):
        self.at = at
        self.batches = by_id(sorted(q.rows(q.BATCHES, ids)), BatchFacts)
        batches = self.batches.values()
        self.read_requirements(batches)
        self.read_laboratory(ids)
        self.read_record(ids, batches)
        self.read_genealogy(ids)
        self.read_around(ids, batches)
        self.read_people(batches)
        self.writer = writing.Writer(self)

    def read_requirements(self, batches) -> None:
        products = list({b.product_id for b in batches})
        specifications = by_id(q.rows(q.SPECIFICATIONS, products), Specification)
        self.specifications = defaultdict(list)
        for specification in specifications.values():
            self.specifications[specification.product_id].append(specification)
        self.lines = defaultdict(list)
        for row in q.rows(q.LINES, list(specifications)):
            self.lines[row[1]].append(Line._make(row))

    def read_laboratory(self, ids) -> None:
        self.samples = defaultdict(dict)
        for row in sorted(q.rows(q.SAMPLES, ids)):
            self.samples[row[1]][row[0]] = Sample._make(row)
        results = q.rows(q.RESULTS, ids)
        results.sort(key=itemgetter(0, 1))
        self.results = by_first(results, Result)
        methods, instruments = {r[5] for r in results}, {r[6] for r in results}
        self.methods = by_id(q.rows(q.METHODS, list(methods - {None})), Method)
        instruments = list(instruments - {None})
        self.instruments = by_id(q.rows(q.INSTRUMENTS, instruments), Instrument)
        self.calibrations = by_first(q.rows(q.CALIBRATIONS, instruments), Calibration)

    def read_record(self, ids, batches) -> None:
        masters = list({b.master_id for b in batches} - {None})
        self.masters = by_id(q.rows(q.MASTERS, masters), MasterFacts)
        self.master_steps = by_first(q.rows(q.MASTER_STEPS, masters), MasterStep)
        steps = q.rows(q.STEPS, ids)
        steps.sort(key=itemgetter(0, 1))
        self.steps = by_first(steps, Step)
        self.deviations = by_first(q.rows(q.DEVIATIONS, ids), Deviation)
        self.starts = by_first(q.rows(q.STARTS, ids), Start)
        self.signatures = by_first(q.rows(q.SIGNATURES, ids), SignatureFacts)

    def read_genealogy(self, ids) -> None:
        self.ancestors = defaultdict(list)
        for root, *row in sorted(q.rows(q.ANCESTORS, ids)):
            self.ancestors[root].append(Ancestor._make(row))
        wanted = set(ids).union(a.id for found in self.ancestors.values() for a in found)
        inputs = q.rows(q.INPUTS, list(wanted))
        inputs.sort(key=lambda r: (r[0], r[5], r[1] or 0, r[2] or 0, r[3]))
        self.inputs = by_first(inputs, Input)
        self.lots = by_id(q.rows(q.LOTS, list({r[1] for r in inputs} - {None})), Lot)

    def read_around(self, ids, batches) -> None:
        self.oos = by_first(q.rows(q.OOS, ids), Oos)
        self.scans = by_first(q.rows(q.SCANS, ids), Scan)
        self.justifications = by_first(q.rows(q.JUSTIFICATIONS, ids), Justified)
        self.trail = by_first(q.rows(q.TRAIL, ids), TrailLine)
        self.trail_reviews = by_id(q.rows(q.TRAIL_REVIEWS, ids), TrailReview)
        sites = list({b.site_id for b in batches})
        self.qualified_persons = by_first(q.rows(q.QUALIFIED_PERSONS, sites), QualifiedPerson)
        self.coverage = gather_coverage({b.sponsor_id for b in batches})

    def read_people(self, batches) -> None:
        self.involved = {b.id: self.people_of(b) for b in batches}
        wanted = set().union(*self.involved.values())
        self.people = dict(q.rows(q.PEOPLE, list(wanted)))

    def people_of(self, batch: BatchFacts) -> set[int]:
        """Return everybody who had a hand in the batch."""
        pk = batch.id
        acts = acts_of(
            batch=batch,
            starts=self.starts.get(pk, ()),
            steps=self.steps.get(pk, ()),
            inputs=self.inputs.get(pk, ()),
            scans=self.scans.get(pk, ()),
            samples=self.samples[pk].values() if pk in self.samples else (),
            results=self.results.get(pk, ()),
            signatures=self.signatures.get(pk, ()),
        )
        return set().union(*acts.values()) - {None}

    def specifications_of(self, batch: BatchFacts) -> tuple[Specification, ...]:
        """Return the versions in force on the day on which manufacture started."""
        on = (batch.started_at or self.at).astimezone(zone(batch.timezone)).date()
        return in_force(self.specifications.get(batch.product_id, ()), on)

    def calibrations_of(self, results) -> list[Calibration]:
        """Return calibrations done up to the last use: later ones say nothing of these results."""
        last = {}
        for result in results:
            if result.instrument_id is not None:
                used = result.tested_at.date() + timedelta(days=1)
                last[result.instrument_id] = max(used, last.get(result.instrument_id, used))
        return [
            calibration
            for pk in sorted(last)
            for calibration in self.calibrations.get(pk, ())
            if calibration.performed_on <= last[pk]
        ]

    def evidence_of(self, batch: BatchFacts) -> BatchEvidence:
        pk = batch.id
        specifications = self.specifications_of(batch)
        results = self.results.get(pk, [])
        inputs = self.inputs.get(pk, [])
        ancestors = self.ancestors.get(pk, [])
        before = [taken for a in ancestors for taken in self.inputs.get(a.id, ())]
        lots = {taken.lot_id for taken in inputs}
        lots.update(taken.lot_id for taken in before)
        lots.discard(None)
        methods = {r.method_id for r in results} - {None}
        instruments = {r.instrument_id for r in results} - {None}
        evidence = BatchEvidence(
            batch=batch,
            master=self.masters.get(batch.master_id),
            master_steps=self.master_steps.get(batch.master_id, ()),
            specifications=specifications,
            lines=self.lines[specifications[0].id] if len(specifications) == 1 else (),
            samples=self.samples.get(pk, {}),
            results=results,
            methods={i: self.methods[i] for i in sorted(methods)},
            instruments={i: self.instruments[i] for i in sorted(instruments)},
            calibrations=self.calibrations_of(results) if instruments else [],
            steps=self.steps.get(pk, []),
            inputs=inputs,
            lots={i: self.lots[i] for i in sorted(lots)},
            ancestors=ancestors,
            ancestor_inputs=before,
            deviations=self.deviations.get(pk, []),
            oos=self.oos.get(pk, []),
            scans=self.scans.get(pk, []),
            starts=self.starts.get(pk, []),
            signatures=self.signatures.get(pk, []),
            qualified_persons=self.qualified_persons.get(batch.site_id, ()),
            coverage=self.coverage[batch.sponsor_id],
            justifications=self.justifications.get(pk, []),
            trail=self.trail.get(pk, []),
            trail_review=self.trail_reviews.get(pk),
            people={i: self.people[i] for i in sorted(self.involved[pk])},
        )
        return self.writer.written(evidence)


def in_force(specifications, on: date) -> tuple[Specification, ...]:
    """Return the versions effective on a day, of the most finished stage that has any."""
    effective = [
        s
        for s in specifications
        if s.effective_from <= on and (s.effective_until is None or on <= s.effective_until)
    ]
    for stage in RELEASE_STAGES:
        found = tuple(s for s in effective if s.stage == stage)
        if found:
            return found
    return ()
