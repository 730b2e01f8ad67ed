"""Readings of an instrument file confirmed into draft results that keep the link to them."""

from dataclasses import dataclass
from types import SimpleNamespace

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from qc.instruments.models import InstrumentFile, Measurement
from qc.instruments.states import FileStatus, MeasurementStatus
from qc.laboratory import rules
from qc.laboratory.models import Result, Sample
from qc.laboratory.services.bench import Bench, locked_batches
from qc.laboratory.services.entry import entry_objections, entry_training, write_entries


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one reading may become, by exact identifier; empty where nothing fits exactly."""

    measurement: Measurement
    sample: Sample | None
    test: str
    cautions: tuple[str, ...]  # each takes a reason
    remarks: tuple[str, ...]
    confirmed_as: Result | None
    tests: tuple[str, ...] = ()


@service
def confirm_measurements(*, file, mapping, by, at, reason="", reasons=None) -> list[Result]:
    """Make draft results of readings: all of them or none, every objection listed.

    `mapping` is {measurement id: (sample number, test)}; `reasons` may give {measurement id: why}
    beside the one `reason` for all. Value text, unit, instrument and time are those of the file. A
    flagged reading, or a flagged file, takes a reason; a unit is never converted.
    """
    samples = {
        s.number: s for s in Sample.objects.filter(number__in={n for n, _ in mapping.values()})
    }
    batches = locked_batches(s.batch_id for s in samples.values())
    file = (
        InstrumentFile.objects.select_for_update(of=("self",))
        .select_related("instrument")
        .get(pk=file.pk)
    )
    bench = Bench(batches, at)
    picked = _Picked(file, mapping, samples, bench, reason, reasons or {})
    ensure_clear(
        [
            *right_blockers(by, Right.ENTER_RESULT),
            *entry_training(picked.entries, bench, by=by),
            *_file_blockers(file, mapping),
            *picked.objections(),
        ]
    )
    results = write_entries(entries=picked.entries, bench=bench, by=by, at=at, reason=reason)
    Measurement.objects.filter(pk__in=mapping).update(status=MeasurementStatus.CONFIRMED)
    record_event(
        verb="instrument_file.confirm",
        record=file,
        by=by,
        at=at,
        reason=reason,
        new={"results": [r.pk for r in results], "measurements": sorted(mapping)},
    )
    return results


def _file_blockers(file, mapping):
    if file.status != FileStatus.READ:
        yield Blocker(
            "not_read",
            f"{file.key} is {file.get_status_display().lower()}: there is nothing to confirm.",
            record=file,
        )
    if not mapping:
        yield Blocker("nothing", "Choose at least one reading to confirm.", record=file)


class _Picked:
    """The readings that somebody picked, each as an entry where sample and reading are known."""

    def __init__(self, file, mapping, samples, bench, reason, reasons):
        self.file, self.bench, self.reason = file, bench, reason
        self.reasons = {pk: reasons.get(pk) or reason for pk in mapping}
        self.measurements = {
            m.pk: m
            for m in Measurement.objects.select_for_update(of=("self",)).filter(
                file=file, pk__in=mapping
            )
        }
        self.confirmed = results_of(mapping)
        self.unknown = [
            *self._unknown_readings(mapping),
            *(
                Blocker("sample_unknown", f"There is no sample “{number}”.", record=file)
                for number in sorted({n for n, _ in mapping.values()} - set(samples))
            ),
        ]
        self.entries = [
            self._entry(pk, samples[number], test)
            for pk, (number, test) in mapping.items()
            if pk in self.measurements and number in samples
        ]

    def _unknown_readings(self, mapping):
        for pk in sorted(set(mapping) - set(self.measurements)):
            yield Blocker("no_reading", f"{self.file.key} has no reading {pk}.", record=self.file)

    def _entry(self, pk, sample, test) -> rules.Entry:
        measurement = self.measurements[pk]
        sample.batch = self.bench.batches[sample.batch_id]
        test = " ".join(test.split())
        line = self.bench.tests_of(sample.batch_id).get(test)
        return rules.Entry(
            sample=sample,
            test=test,
            value=measurement.value,
            # A unit that differs is an objection of the reading, said once.
            unit=line.unit if line is not None else measurement.unit,
            tested_at=measurement.measured_at or self.file.uploaded_at,
            instrument=self.file.instrument,
            measurement=measurement,
            confirm_reason=self._kept_reason(measurement, test, self.reasons[pk]),
        )

    def _kept_reason(self, measurement, test, reason) -> str:
        """Keep a reason with the result where one was needed, not a word said about others."""
        doubts = rules.cautions(measurement, test=test, file=self.file)
        return f"{' '.join(doubts)} Confirmed because: {reason}" if doubts and reason else ""

    def objections(self) -> list[Blocker]:
        found = list(self.unknown)
        for entry in self.entries:
            line = self.bench.tests_of(entry.sample.batch_id).get(entry.test)
            found += rules.reading_blockers(
                entry.measurement,
                name=entry.name,
                line=line,
                reason=self.reasons[entry.measurement.pk],
                confirmed_as=self.confirmed.get(entry.measurement.pk),
                file=self.file,
            )
        return found + (entry_objections(self.entries, self.bench) if self.entries else [])


def results_of(measurement_ids) -> dict[int, Result]:
    """{measurement id: the result in force that was made from it}."""
    found = Result.objects.filter(measurement__in=list(measurement_ids), status__in=rules.IN_FORCE)
    return {r.measurement_id: r for r in found.select_related("sample")}


def proposals(file, at) -> list[Proposal]:
    """Propose sample and test for each reading of a file, by exact identifier only."""
    readings = list(file.measurements.select_related("run").order_by("ordinal"))
    names = {m.sample_text for m in readings}
    samples = {
        s.number: s
        for s in Sample.objects.filter(number__in=names).select_related(
            "batch__site", "batch__product"
        )
    }
    bench = Bench({s.batch_id: s.batch for s in samples.values()}, at)
    confirmed = results_of([m.pk for m in readings])
    return [_proposal(m, samples.get(m.sample_text), bench, confirmed) for m in readings]


def _proposal(measurement, sample, bench, confirmed) -> Proposal:
    tests = bench.tests_of(sample.batch_id) if sample is not None else {}
    fitting = [
        test
        for test, line in tests.items()
        if rules.speaks_of(test, measurement.quantity)
        and rules.units_agree(measurement.unit, line.unit)
    ]
    test = fitting[0] if len(fitting) == 1 else ""
    told = rules.remarks(measurement)
    if sample is not None and measurement.measured_at and measurement.measured_at < sample.taken_at:
        told.append("The reading is older than the sample.")
    # What stands against the whole file is said once, above.
    bare = SimpleNamespace(flags=())
    doubts = rules.cautions(measurement, test=test or measurement.quantity, file=bare)
    return Proposal(
        measurement=measurement,
        sample=sample,
        test=test,
        cautions=tuple(doubts),
        remarks=tuple(told),
        confirmed_as=confirmed.get(measurement.pk),
        tests=tuple(tests),
    )
