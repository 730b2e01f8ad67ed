"""What several results of several batches are judged by, read in a fixed number of queries."""

from functools import cached_property

from batches.manufacture.models import Batch
from cdmo.blockers import Blocked, Blocker
from cdmo.records.services import record_event
from qc.laboratory.models import Method, OosInvestigation, Result, Sample
from qc.laboratory.rules import IN_FORCE
from qc.specifications.in_force import day_of_manufacture, specification_in_force


def locked_batches(ids) -> dict[int, Batch]:
    """Lock batches, always in the same order, so that two callers never wait for each other."""
    found = Batch.objects.select_for_update(of=("self",)).filter(pk__in=set(ids))
    return {b.pk: b for b in found.select_related("site", "product").order_by("pk")}


def locked_results(results) -> list[Result]:
    """Lock the batches of these results, then the results; return them in the order given."""
    ids = [result.pk for result in results]
    if len(set(ids)) != len(ids):
        raise Blocked([Blocker("twice", "A result is named twice.")])
    batches = locked_batches(
        Result.objects.filter(pk__in=ids).values_list("batch_id", flat=True).distinct()
    )
    found = Result.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    rows = {r.pk: r for r in found.select_related("sample", "line", "analyst").order_by("pk")}
    for row in rows.values():
        row.batch = row.sample.batch = batches[row.batch_id]
    return [rows[pk] for pk in ids]


class Bench:
    """Specifications, methods, standing results and investigations around a set of batches."""

    def __init__(self, batches: dict[int, Batch], at):
        self.batches, self.at = batches, at

    @cached_property
    def specifications(self) -> dict:
        """{batch id: the specification it is judged on, or None}, read once a product and day."""
        found, of_batch = {}, {}
        for batch in self.batches.values():
            key = batch.product_id, day_of_manufacture(batch, self.at)
            if key not in found:
                found[key] = specification_in_force(*key)
            of_batch[batch.pk] = found[key]
        return of_batch

    @cached_property
    def lines(self) -> dict[int, dict]:
        """{specification id: {test: line}}, in the order of the specification."""
        found = {}
        for specification in self.specifications.values():
            if specification is not None and specification.pk not in found:
                lines = specification.lines.order_by("position")
                found[specification.pk] = {line.test: line for line in lines}
                for line in found[specification.pk].values():
                    line.specification = specification
        return found

    def tests_of(self, batch_id) -> dict:
        specification = self.specifications[batch_id]
        return self.lines[specification.pk] if specification is not None else {}

    @cached_property
    def methods(self) -> dict[str, Method]:
        codes = {line.method for lines in self.lines.values() for line in lines.values()}
        return {m.code: m for m in Method.objects.filter(code__in=codes - {""})}

    def standing(self, samples) -> dict[tuple, Result]:
        """{(sample id, test): the result in force}."""
        found = Result.objects.filter(sample__in=samples, status__in=IN_FORCE)
        return {(r.sample_id, r.test): r for r in found}


def investigations_of(results) -> dict[int, OosInvestigation]:
    """{result id: its investigation}."""
    found = OosInvestigation.objects.filter(result__in=[r.pk for r in results])
    return {oos.result_id: oos for oos in found}


def record_by_sample(verb, results, *, by, at, words, reason="") -> None:
    """Record one event a sample, which also asks for new release checks of its batch."""
    by_sample: dict[Sample, list] = {}
    for result in results:
        by_sample.setdefault(result.sample, []).append(result)
    for sample, found in by_sample.items():
        record_event(
            verb=verb,
            record=sample,
            by=by,
            at=at,
            reason=reason,
            new={"results": [{"id": r.pk, "test": r.test, "value": r.value} for r in found]},
            cause=f"{len(found)} result{'s' if len(found) != 1 else ''} of {sample.number} {words}",
        )
