"""Results handed in, corrected while drafts, and submitted for review."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import numbered, record_event
from cdmo.training.gather import training_objections
from cdmo.training.states import Task
from qc.calculations.judge import judge
from qc.laboratory import rules
from qc.laboratory.models import OosInvestigation, Result
from qc.laboratory.services.bench import (
    Bench,
    investigations_of,
    locked_batches,
    locked_results,
    record_by_sample,
)
from qc.laboratory.states import SUBMIT, ResultStatus
from qc.specifications.states import Verdict


@service
def enter_results(*, entries, by, at, reason="") -> list[Result]:
    """Enter results as drafts: all of them or none. Value texts are kept exactly.

    `entries` holds {sample, test, value, unit?, tested_at?, instrument?, supersedes?,
    report_only?, reason?}. A retest names the result that it supersedes, and its `reason` (or the
    one for all) says why. Decided batches take late results too: they re-open the release check.
    """
    batches = locked_batches(entry["sample"].batch_id for entry in entries)
    bench = Bench(batches, at)
    found = [_entry(given, bench, reason) for given in entries]
    ensure_clear(
        [
            *right_blockers(by, Right.ENTER_RESULT),
            *entry_training(found, bench, by=by),
            *entry_objections(found, bench),
        ]
    )
    reason = reason or "; ".join(dict.fromkeys(entry.reason for entry in found if entry.reason))
    return write_entries(entries=found, bench=bench, by=by, at=at, reason=reason)


def entry_training(entries, bench: Bench, *, by) -> list[Blocker]:
    """Return an objection for every training that the entries' methods demand and `by` lacks."""
    lines = (bench.tests_of(entry.sample.batch_id).get(entry.test) for entry in entries)
    tasks = {(Task.METHOD, line.method) for line in lines if line is not None and line.method}
    return training_objections(by, right=Right.ENTER_RESULT, tasks=tasks, at=bench.at)


def _entry(given, bench, reason) -> rules.Entry:
    sample = given["sample"]
    sample.batch = bench.batches[sample.batch_id]
    test = " ".join(given["test"].split())
    return rules.Entry(**{"reason": reason, **given, "test": test})


def entry_objections(entries, bench: Bench) -> list[Blocker]:
    """Return every objection to these entries together."""
    if not entries:
        return [Blocker("nothing", "There is no result to enter.")]
    objections, seen = [], set()
    standing = bench.standing({entry.sample.pk for entry in entries})
    old = _locked_old(entries)
    investigations = investigations_of(old.values())
    for entry in entries:
        place = entry.sample.pk, entry.test
        if place in seen:
            objections.append(Blocker("twice", f"{entry.name} is given twice.", entry.sample))
        seen.add(place)
        tests = bench.tests_of(entry.sample.batch_id)
        objections += rules.entry_blockers(
            entry,
            line=tests.get(entry.test),
            tests=tests,
            specification=bench.specifications[entry.sample.batch_id],
            at=bench.at,
        )
        objections += rules.in_force_blockers(entry, existing=standing.get(place))
        if entry.supersedes is not None:
            pk = entry.supersedes.pk
            objections += rules.supersede_blockers(entry, old=old[pk], oos=investigations.get(pk))
            objections += rules.reason_blockers(
                entry.reason, f"{entry.name} is tested again", old[pk]
            )
    return objections


def _locked_old(entries) -> dict[int, Result]:
    ids = [entry.supersedes.pk for entry in entries if entry.supersedes is not None]
    if not ids:
        return {}
    found = Result.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    return {r.pk: r for r in found.select_related("sample").order_by("pk")}


@service
def write_entries(*, entries, bench: Bench, by, at, reason="") -> list[Result]:
    """Write entries that nothing objects to. Callers hold the batches' locks."""
    replaced = [entry.supersedes.pk for entry in entries if entry.supersedes is not None]
    Result.objects.filter(pk__in=replaced, status__in=rules.IN_FORCE).update(
        status=ResultStatus.SUPERSEDED
    )
    results = [_draft(entry, bench, by=by, at=at) for entry in entries]
    with one_of_a_kind("result_exists", "Somebody entered one of these results just now."):
        Result.objects.bulk_create(results)
    record_by_sample("result.enter", results, by=by, at=at, words="entered.", reason=reason)
    return results


def _draft(entry: rules.Entry, bench: Bench, *, by, at) -> Result:
    line = bench.tests_of(entry.sample.batch_id).get(entry.test)
    return Result(
        sample=entry.sample,
        batch_id=entry.sample.batch_id,
        sponsor_id=entry.sample.sponsor_id,
        test=entry.test,
        line=line,
        method=bench.methods.get(line.method) if line is not None else None,
        instrument=entry.instrument,
        measurement=entry.measurement,
        value=entry.value.strip(" \t\r\n"),
        unit=entry.unit or (line.unit if line is not None else ""),
        tested_at=entry.tested_at or at,
        analyst=by,
        entered_at=at,
        confirm_reason=entry.confirm_reason,
        supersedes=entry.supersedes,
        illustrative=entry.illustrative,
    )


@service
def change_result(*, result, by, at, reason="", value=None, tested_at=None) -> Result:
    """Correct one's own draft, with a reason; the first value stays in the audit trail."""
    (result,) = locked_results([result])
    bench = Bench({result.batch_id: result.batch}, at)
    tests = bench.tests_of(result.batch_id)
    entry = rules.Entry(
        sample=result.sample,
        test=result.test,
        value=result.value if value is None else value,
        tested_at=tested_at,
        report_only=result.line_id is None,
    )
    ensure_clear(
        [
            *right_blockers(by, Right.ENTER_RESULT),
            *rules.draft_blockers(result),
            *rules.own_draft_blockers(result, by=by, verb="change"),
            *rules.reason_blockers(reason, f"{rules.name_of(result)} is changed", result),
            *(rules.typed_value_blockers(result) if value is not None else ()),
            *rules.entry_blockers(
                entry,
                line=tests.get(result.test),
                tests=tests,
                specification=bench.specifications[result.batch_id],
                at=at,
            ),
        ]
    )
    result.value = entry.value.strip(" \t\r\n")
    result.tested_at = tested_at or result.tested_at
    result.save(update_fields=["value", "tested_at"])
    record_event(
        verb="result.change",
        record=result,
        by=by,
        at=at,
        reason=reason,
        cause=f"{rules.name_of(result)} was changed.",
    )
    return result


@service
def submit_results(*, results, by, at, reason="") -> list[Result]:
    """Submit one's own drafts: each is judged now, against the specification in force.

    A value that fails opens an investigation of its own. All are submitted or none.
    """
    results = locked_results(results)
    bench = Bench({r.batch_id: r.batch for r in results}, at)
    ensure_clear(submit_objections(results, bench, by=by))
    for result in results:
        _judge(result, bench, at)
    Result.objects.bulk_update(
        results,
        ["status", "submitted_at", "line", "method", "unit", "reportable", "verdict"],
    )
    record_by_sample("result.submit", results, by=by, at=at, words="submitted.", reason=reason)
    for result in results:
        if result.verdict == Verdict.FAIL:
            _open_oos(result, by=by, at=at)
    return results


def submit_objections(results, bench: Bench, *, by) -> list[Blocker]:
    """Return every objection to submitting these results together."""
    objections = list(right_blockers(by, Right.ENTER_RESULT))
    if not results:
        objections.append(Blocker("nothing", "There is no result to submit."))
    for result in results:
        line = bench.tests_of(result.batch_id).get(result.test)
        method = bench.methods.get(line.method) if line is not None else None
        objections += rules.move_blockers(result, [SUBMIT])
        objections += rules.own_draft_blockers(result, by=by, verb="submit")
        objections += rules.submit_blockers(result, line=line, method=method)
    return objections


def _judge(result: Result, bench: Bench, at) -> None:
    line = bench.tests_of(result.batch_id).get(result.test)
    judgement = judge(result.value, line.criterion if line is not None else "report")
    result.line = line
    result.method = bench.methods.get(line.method) if line is not None else None
    result.unit = result.unit or (line.unit if line is not None else "")
    result.reportable = judgement.reportable
    result.verdict = judgement.verdict
    result.status = SUBMIT.target
    result.submitted_at = at


def _open_oos(result: Result, *, by, at) -> OosInvestigation:
    oos = OosInvestigation.objects.create(
        number=numbered("OOS", at),
        result=result,
        batch_id=result.batch_id,
        sponsor_id=result.sponsor_id,
        opened_at=at,
    )
    record_event(
        verb="oos.open",
        record=oos,
        by=by,
        at=at,
        reason=f"{rules.name_of(result)}: {result.reportable} against {result.line.criterion}",
        cause=f"{oos.number} was opened.",
    )
    return oos
