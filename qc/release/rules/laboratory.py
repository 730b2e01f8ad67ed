"""RC-01 to RC-10: the specification, the results against it, how they came about."""

from cdmo.accounts.roles import Role
from cdmo.blockers import Ref
from qc.release.rules.base import (
    HARD,
    JUSTIFIABLE,
    MAY_FOLLOW,
    Case,
    Judged,
    counted,
    failed,
    listed,
    not_applicable,
    passed,
    result_ref,
    rule,
    waiting,
    zone,
)

# What a method must have been shown to do, by what the batch is for (ICH Q2(R2), Q14).
FIT_METHODS = {
    "commercial": frozenset({"validated", "compendial"}),
    "clinical": frozenset({"qualified", "validated", "compendial"}),
    "ppq": frozenset({"qualified", "validated", "compendial"}),
}


@rule(
    "RC-01",
    "One specification was in force when manufacture started",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.165; EU GMP Annex 16, 1.7",
)
def specification_in_force(case: Case) -> Judged:
    batch, found = case.batch, case.e.specifications
    if batch.started_at is None:
        return waiting(
            "Manufacture has not started; the specification is fixed on that day.",
            *case.specification_refs,
            action="Start manufacture",
            owner=Role.SUPERVISOR.value,
        )
    if len(found) == 1:
        if not case.e.lines:
            return failed(
                f"{found[0].code} has no lines.",
                *case.specification_refs,
                action="Write and approve a specification with its tests",
            )
        return passed(
            f"{found[0].code} version {found[0].version} was in force when manufacture started.",
            *case.specification_refs,
        )
    started = f"{batch.started_at.astimezone(zone(batch.timezone)):%d %b %Y}"
    if not found:
        return failed(
            f"No approved specification of {batch.product} was in force on {started}.",
            Ref("product", batch.product),
            action="Approve a specification that was in force when manufacture started",
        )
    return failed(
        f"{listed(s.code for s in found)} were all in force on {started}; it must be one.",
        *case.specification_refs,
        action="Settle which version is in force",
    )


@rule(
    "RC-02",
    "Every required test has an approved result",
    kind=HARD,
    owner=Role.ANALYST,
    source="21 CFR 211.165; EU GMP Part IV, 11–12",
)
def required_results(case: Case) -> Judged:
    lines = case.e.lines
    if not lines:
        return waiting(
            "Without a specification nothing says which tests are required.",
            action="Settle the specification",
            owner=Role.QA.value,
        )
    by_test = case.by_test
    required = [line for line in lines if line.required]
    if not required:
        return waiting(
            f"{listed(s.code for s in case.e.specifications)} requires no test at all: release "
            "would rest on nothing.",
            *case.specification_refs,
            action="Approve a specification with its required tests",
            owner=Role.QA.value,
        )
    missing = [line for line in required if line.test not in by_test]
    if not missing:
        return passed(f"All {len(required)} required tests have an approved result.")
    opened: dict[str, str] = {}
    records = []
    for result in case.open_results:
        opened[result.test] = result.status
        if any(line.test == result.test for line in missing):
            records.append(result_ref(result))
    words = {"submitted": "submitted, waits for review", "draft": "entered, not submitted"}
    names = [f"{line.test} ({words.get(opened.get(line.test), 'no result')})" for line in missing]
    follow = [line for line in missing if case.may_follow(line)]
    message = (
        f"{len(missing)} of {len(required)} required tests "
        f"{'lacks' if len(missing) == 1 else 'lack'} an approved result: {listed(names)}."
    )
    if len(follow) == len(missing):
        message += " The specification lets these follow release."
    stand_ins = [
        line.surrogate
        for line in missing
        if line.may_follow and line.surrogate and not case.conforms(line.surrogate)
    ]
    if stand_ins:
        message += f" Until then {listed(stand_ins)} must stand in, and does not conform yet."
    only_review = all(opened.get(line.test) == "submitted" for line in missing)
    tests = listed(line.test for line in missing)
    return waiting(
        message,
        *(records or case.specification_refs),
        action=f"{'Review' if only_review else 'Enter and submit results for'} {tests}",
        kind=MAY_FOLLOW if len(follow) == len(missing) else HARD,
        owner=(Role.REVIEWER if only_review else Role.ANALYST).value,
    )


@rule(
    "RC-03",
    "Every reportable result meets its limit",
    kind=HARD,
    owner=Role.REVIEWER,
    source="21 CFR 211.165; USP General Notices 7.20",
)
def results_conform(case: Case) -> Judged:
    if not case.e.lines:
        return waiting(
            "Without a specification no result can be judged.",
            action="Settle the specification",
            owner=Role.QA.value,
        )
    failing, unclear, unjudged, conforming = [], [], [], 0
    for result in case.approved:
        verdict = result.verdict
        if result.line_id not in case.line_ids:
            if any(line.test == result.test for line in case.e.lines):
                unjudged.append(result)
        elif verdict in ("pass", "report_only"):
            conforming += 1
        elif verdict == "fail":
            failing.append(result)
        else:
            unclear.append(result)
    if failing:
        criteria = {line.id: line.criterion for line in case.e.lines}
        return failed(
            "Outside its limit: "
            + listed(
                f"{r.test} {r.reportable or r.value} {r.unit}".rstrip()
                + f" (limit {criteria[r.line_id]})"
                for r in failing
            )
            + ".",
            *map(result_ref, failing),
            action="Conclude the out-of-specification investigation",
            owner=Role.QA.value,
        )
    if unjudged:
        return waiting(
            f"{listed(r.test for r in unjudged)}: judged against another version of the "
            "specification than the one in force when manufacture started.",
            *map(result_ref, unjudged),
            *case.specification_refs,
            action="Enter the results again against the specification in force",
            owner=Role.ANALYST.value,
        )
    missing = [
        line.test for line in case.e.lines if line.required and line.test not in case.by_test
    ]
    if unclear or missing:
        parts = []
        if unclear:
            values = listed(f"{r.test} ({r.reportable or r.value})" for r in unclear)
            parts.append(f"No conclusion can be drawn yet from {values}.")
        if missing:
            parts.append(f"Nothing to judge yet for {listed(missing)}.")
        tests = [r.test for r in unclear] + missing
        return waiting(
            " ".join(parts),
            *map(result_ref, unclear),
            action=f"Obtain final results for {listed(tests)}",
            kind=MAY_FOLLOW if case.all_may_follow(tests) else HARD,
            owner=Role.ANALYST.value,
        )
    if not conforming:
        return waiting(
            "No approved result on this specification is there to judge.",
            *case.specification_refs,
            action="Enter and submit results",
            owner=Role.ANALYST.value,
        )
    return passed(f"All {counted(conforming, 'approved result')} meet their limits.")


@rule(
    "RC-04",
    "No out-of-specification investigation is open or confirmed",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.192; FDA guidance on OOS results (2022)",
)
def investigations_closed(case: Case) -> Judged:
    found = case.e.oos
    confirmed = [o for o in found if o.conclusion == "confirmed"]
    if confirmed:
        return failed(
            f"{listed(o.number for o in confirmed)} confirmed a result out of specification.",
            *(Ref("oos", o.number) for o in confirmed),
            action="Reject the batch",
        )
    opened = [o for o in found if o.status != "closed"]
    if opened:
        return waiting(
            f"{listed(o.number for o in opened)} {'is' if len(opened) == 1 else 'are'} still open.",
            *(Ref("oos", o.number) for o in opened),
            action=f"Conclude {listed(o.number for o in opened)}",
        )
    investigated = {o.result_id for o in found}
    unasked = [r for r in case.in_force if r.verdict == "fail" and r.id not in investigated]
    if unasked:
        return waiting(
            f"Nobody has opened an investigation for {listed(r.test for r in unasked)}, "
            "which failed.",
            *map(result_ref, unasked),
            action="Open an out-of-specification investigation",
            owner=Role.REVIEWER.value,
        )
    if not found:
        return not_applicable("No result was out of specification.")
    return passed(
        f"{listed(o.number for o in found)}: closed, not confirmed.",
        *(Ref("oos", o.number) for o in found),
    )


@rule(
    "RC-07",
    "Somebody else than the analyst reviewed every result",
    kind=HARD,
    owner=Role.REVIEWER,
    source="21 CFR 211.194(a)(8)",
)
def results_reviewed(case: Case) -> Judged:
    own = [r for r in case.in_force if r.reviewer is not None and r.reviewer == r.analyst]
    if own:
        return failed(
            f"{listed(r.test for r in own)}: reviewed by the analyst.",
            *map(result_ref, own),
            action="Invalidate the result and test again",
        )
    unreviewed = [r for r in case.in_force if r.reviewer is None]
    if unreviewed:
        tests = [r.test for r in unreviewed]
        drafts = all(r.status == "draft" for r in unreviewed)
        return waiting(
            f"{listed(tests)}: not yet reviewed by a second person.",
            *map(result_ref, unreviewed),
            action=f"{'Submit' if drafts else 'Review'} the results for {listed(tests)}",
            kind=MAY_FOLLOW if case.all_may_follow(tests) else HARD,
            owner=(Role.ANALYST if drafts else Role.REVIEWER).value,
        )
    if not case.approved:
        return waiting(
            "No result has been reviewed yet.",
            action="Enter and submit results",
            owner=Role.ANALYST.value,
        )
    return passed(f"A second person reviewed all {counted(len(case.approved), 'result')}.")


@rule(
    "RC-09",
    "Every method is approved, as specified, and fit for the phase",
    kind=HARD,
    owner=Role.REVIEWER,
    source="ICH Q2(R2); 21 CFR 211.165(e)",
)
def methods_fit(case: Case) -> Judged:
    if not case.approved:
        return waiting(
            "No approved result shows yet which methods were used.",
            action="Enter and approve results",
            owner=Role.ANALYST.value,
        )
    fit = FIT_METHODS.get(case.batch.purpose)
    asked = {line.id: line.method for line in case.e.lines}
    methods, wrong, unknown, seen = case.e.methods, {}, [], set()
    for result in case.approved:
        method = methods.get(result.method_id)
        wanted = asked.get(result.line_id)
        if method is None:
            # A line may leave the method open; one that names a method wants it recorded.
            if wanted != "":
                unknown.append(result)
            continue
        if (method.id, wanted) in seen:
            continue
        seen.add((method.id, wanted))
        ref = Ref("method", method.code)
        if method.status == "draft":
            wrong[f"{method.code} is not approved"] = ref
        if wanted and wanted != method.code:
            wrong[f"{result.test} was tested by {method.code}, not by {wanted}"] = ref
        if fit is not None and method.validation not in fit:
            wrong[
                f"{method.code} is {_VALIDATION.get(method.validation, method.validation)}, "
                f"too early for a {case.batch.purpose} batch"
            ] = ref
    if wrong:
        return failed(
            f"{'; '.join(wrong)}.",
            *dict.fromkeys(wrong.values()),
            action="Approve or qualify the method, or test again by the right one",
        )
    if unknown:
        return waiting(
            f"{listed(r.test for r in unknown)}: no method is recorded.",
            *map(result_ref, unknown),
            action="Record the method that was used",
        )
    if not methods:
        return not_applicable("The specification names no methods.")
    return passed(f"{counted(len(methods), 'method')}: approved and fit for the purpose.")


_VALIDATION = {"development": "still in development", "qualified": "qualified, not validated"}


@rule(
    "RC-10",
    "Instruments were in calibration when they measured",
    kind=JUSTIFIABLE,
    owner=Role.REVIEWER,
    source="21 CFR 211.160; USP <1058>",
)
def instruments_calibrated(case: Case) -> Judged:
    used = [r for r in case.approved if r.instrument_id is not None]
    nameless = [
        r
        for r in case.approved
        if r.instrument_id is None
        and r.method_id in case.e.methods
        and case.e.methods[r.method_id].needs_instrument
    ]
    if not used and not nameless:
        if not case.approved:
            return waiting(
                "No approved result shows yet which instruments were used.",
                action="Enter and approve results",
                owner=Role.ANALYST.value,
            )
        return not_applicable("No result was measured with an instrument that is calibrated.")
    overdue, unknown = {}, {}
    for result in used:
        instrument = case.e.instruments[result.instrument_id]
        on = result.tested_at.astimezone(zone(instrument.timezone)).date()
        known = [c for c in case.e.calibrations if c.instrument_id == instrument.id]
        before = [c for c in known if c.performed_on <= on]
        if not before:
            unknown[f"{instrument.code} has no calibration on record before {on:%d %b %Y}"] = Ref(
                "instrument", instrument.code
            )
        elif not (before[-1].passed and on <= before[-1].due_on):
            why = (
                f"its calibration ended on {before[-1].due_on:%d %b %Y}"
                if before[-1].passed
                else "it had failed its last calibration"
            )
            overdue[f"{instrument.code} measured {result.test} on {on:%d %b %Y}, but {why}"] = Ref(
                "instrument", instrument.code
            )
    if overdue:
        return failed(
            f"{'; '.join(overdue)}.",
            *dict.fromkeys(overdue.values()),
            action="Test again, or justify the use of the instrument",
        )
    if nameless:
        unknown[f"{listed(r.test for r in nameless)}: the instrument is not recorded"] = result_ref(
            nameless[0]
        )
    if unknown:
        return waiting(
            f"{'; '.join(unknown)}.",
            *dict.fromkeys(unknown.values()),
            action="Record the instrument and its calibration",
        )
    codes = listed(case.e.instruments[i].code for i in {r.instrument_id for r in used})
    return passed(f"{codes}: in calibration at the time of use.")
