"""The baseline's verdicts: the questions of every rule, asked of plain tuples."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import orjson

RULES = {
    "RC-01": "One specification was in force when manufacture started",
    "RC-02": "Every required test has an approved result",
    "RC-03": "Every reportable result meets its limit",
    "RC-04": "No out-of-specification investigation is open or confirmed",
    "RC-07": "Somebody else than the analyst reviewed every result",
    "RC-09": "Every method is approved, as specified, and fit for the phase",
    "RC-10": "Instruments were in calibration when they measured",
    "RC-17": "The batch record is complete, verified and reviewed",
    "RC-18": "The master batch record is effective and for this site and product",
    "RC-19": "Every excursion has its deviation",
    "RC-20": "The yield is in its limits",
    "RC-21": "Deviations are classified and closed",
    "RC-23": "Every input lot was released and unexpired when it was used",
    "RC-24": "Component batches are released",
    "RC-25": "Every input is traced back to its origin",
    "RC-27": "The chain of identity is unbroken",
    "RC-36": "Agreements in force cover this batch",
    "RC-40": "The audit trail of the batch is reviewed",
    "RC-41": "An independent Qualified Person is appointed for the site",
}
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Judging:
    """Judge what was read; the rows' columns are those of `reading`."""

    def judge(self, ids):
        self.read(ids)
        return {batch[0]: self.judge_one(batch) for batch in self.batches}

    def judge_one(self, b):
        pk, started, zone = b[0], b[14], ZoneInfo(b[12])
        results, steps = self.results.get(pk, []), self.steps.get(pk, [])
        inputs, signatures = self.inputs.get(pk, []), self.signatures.get(pk, [])
        deviations, oos = self.deviations.get(pk, []), self.oos.get(pk, [])
        master, day = self.masters.get(b[25]), started.astimezone(zone).date()
        today = self.now.astimezone(zone).date()
        specs = [
            s
            for s in self.specifications.get(b[4], ())
            if s[5] <= day and (s[6] is None or day <= s[6])
        ]
        lines = self.lines.get(specs[0][1], []) if len(specs) == 1 else []
        by_line, instruments, methods, involved = {}, set(), set(), {b[17]}
        for r in results:
            if r[9] == "approved":
                by_line.setdefault(r[4], []).append(r)
            methods.add(r[5])
            instruments.add(r[6])
            involved.add(r[13])
            involved.add(r[14])
        for s in steps:
            involved.update((s[11], s[13], s[14]))
        involved.update(i[6] for i in inputs)
        involved.update(s[2] for s in signatures)
        involved.update(s[5] for s in self.samples.get(pk, ()))
        involved.update(s[5] for s in self.scans.get(pk, ()))
        for start in self.starts.get(pk, ()):
            involved.update(start[1:])
        involved.discard(None)
        instruments.discard(None)
        required = any(line[8] for line in lines)
        missing = [line[3] for line in lines if line[8] and line[1] not in by_line]
        failing = [r[3] for rows in by_line.values() for r in rows if r[11] == "fail"]
        unclear = [
            r[3] for rows in by_line.values() for r in rows if r[11] not in ("pass", "report_only")
        ]
        asked = {line[1]: line[4] for line in lines}
        wrong_methods = [
            r[3]
            for rows in by_line.values()
            for r in rows
            if (m := self.methods.get(r[5])) is None
            or m[3] == "draft"
            or m[4] not in ("qualified", "validated", "compendial")
            or m[1] != asked.get(r[4])
        ]
        overdue = []
        for r in results:
            if r[6] is not None:
                on = r[12].astimezone(ZoneInfo(self.instruments[r[6]][2])).date()
                known = [c for c in self.calibrations.get(r[6], ()) if c[1] <= on]
                if not known or not known[-1][3] or on > known[-1][2]:
                    overdue.append(r[3])
        done = {s[2]: s for s in steps}
        gaps = [
            m[1]
            for m in self.master_steps.get(b[25], ())
            if (s := done.get(m[1])) is None
            or (m[4] and s[6] not in ("performed", "verified"))
            or (m[3] and (s[13] is None or s[13] == s[11]))
        ]
        standing = {s[1] for s in signatures}
        covered = {d[4] for d in deviations}
        loose = [s[2] for s in steps if (s[9] is False or s[10]) and s[1] not in covered]
        ancestors, bad_lots = self.ancestors.get(pk, []), []
        further_back = [i for a in ancestors for i in self.inputs.get(a[1], ())]
        taken = [i for i in inputs if i[1] is not None]
        for i in taken:
            lot = self.lots[i[1]]
            if (
                lot[4] in ("recalled", "rejected")
                or lot[6] is None
                or i[5] < lot[6]
                or (lot[5] is not None and lot[5] <= i[5])
                or (lot[7] is not None and lot[7] <= i[5])
            ):
                bad_lots.append(lot[1])
        broken = any(a[6] for a in ancestors) or any(
            self.lots[i[1]][3] not in ("supplier", "cell_bank", "donation")
            for i in (*inputs, *further_back)
            if i[1] is not None
        )
        unbalanced = any(a[6] is None for a in ancestors)
        agreements = self.agreements.get(b[2], [])
        valid = [
            a
            for a in agreements
            if a[3] == "in_force" and a[4] <= today and (a[5] is None or today <= a[5])
        ]
        granted = any(
            a[2] in ("work_order", "msa", "supply")
            and a[7] == "gmp_clinical"
            and a[8] in ("in_scope", "exercised")
            and a[9] in (None, b[5])
            for a in valid
        )
        quality = any(a[2] == "quality_agreement" for a in valid)
        free = [
            q
            for q in self.qualified.get(b[10], ())
            if q[3] <= self.now and (q[4] is None or self.now < q[4]) and q[1] not in involved
        ]
        value = float(b[18]) if b[18] else None
        reviews = sorted(self.trail_reviews.get(pk, ()), key=lambda r: r[1])
        explained = {x["line"] for x in reviews[-1][3]} if reviews else set()
        accepted = reviews[-1][2] if reviews else True
        open_deviations = [d for d in deviations if d[3] != "closed"]
        outcomes = {
            "RC-01": "pass" if len(specs) == 1 else "fail",
            "RC-02": "pending" if missing or not required else "pass",
            "RC-03": "fail"
            if failing
            else "pending"
            if unclear or missing or not by_line
            else "pass",
            "RC-04": "not_applicable" if not oos else "pending",
            "RC-07": "pass" if all(r[14] not in (None, r[13]) for r in results) else "fail",
            "RC-09": "fail" if wrong_methods else "pass",
            "RC-10": "fail" if overdue else "pass",
            "RC-17": "pass"
            if not gaps and b[9] == "completed" and b[16] and {"complete", "review"} <= standing
            else "fail",
            "RC-18": "pass"
            if master and master[2] != "draft" and master[4] == b[22] and b[24] == b[10]
            else "fail",
            "RC-19": "fail" if loose else "pass",
            "RC-20": "pending"
            if value is None
            else "pass"
            if float(master[7]) <= value <= float(master[8])
            else "fail",
            "RC-21": "pending" if open_deviations else "pass" if deviations else "not_applicable",
            "RC-23": "fail" if bad_lots else "pass" if taken else "pending",
            "RC-24": "not_applicable" if not ancestors else "pass",
            "RC-25": "fail" if broken else "pending" if unbalanced or not inputs else "pass",
            "RC-27": "not_applicable",
            "RC-36": "pass" if granted and quality else "fail",
            "RC-40": "pending"
            if b[9] != "completed" or not b[16] or "review" not in standing
            else "fail"
            if {line[1] for line in self.trail.get(pk, ())} - explained or not accepted
            else "pass",
            "RC-41": "pass" if free else "fail",
        }
        details = {
            "RC-02": f"Missing: {', '.join(missing)}." if missing else f"{len(lines)} tests.",
            "RC-21": ", ".join(d[1] for d in open_deviations),
            "RC-23": f"Not good: {', '.join(bad_lots)}." if bad_lots else f"{len(inputs)} uses.",
        }
        former = {f["rule"]: f for f in self.former.get(pk, ())}
        since = self.now.isoformat()
        findings = []
        for rule, title in RULES.items():
            before = former.get(rule)
            findings.append(
                {
                    "rule": rule,
                    "title": title,
                    "class": "hard",
                    "outcome": outcomes[rule],
                    "message": details.get(rule, title),
                    "records": [],
                    "owner": "qa",
                    "since": before["since"]
                    if before and before["outcome"] == outcomes[rule]
                    else since,
                }
            )
        last = max((r[12] for r in results), default=self.now).date() + timedelta(days=1)
        evidence = orjson.dumps(
            {
                "batch": b,
                "agreements": agreements,
                "ancestors": ancestors,
                "ancestor_inputs": further_back,
                "calibrations": [
                    c for i in sorted(instruments) for c in self.calibrations[i] if c[1] <= last
                ],
                "deviations": deviations,
                "inputs": inputs,
                "instruments": [self.instruments[i] for i in sorted(instruments)],
                "justifications": self.justified.get(pk, []),
                "lines": lines,
                "lots": [
                    self.lots[i] for i in sorted({i[1] for i in (*inputs, *further_back)} - {None})
                ],
                "master": master,
                "master_steps": self.master_steps.get(b[25], []),
                "methods": [self.methods[m] for m in sorted(methods)],
                "oos": oos,
                "people": [(i, self.people.get(i)) for i in sorted(involved)],
                "qualified_persons": self.qualified.get(b[10], []),
                "results": results,
                "samples": self.samples.get(pk, []),
                "scans": self.scans.get(pk, []),
                "signatures": signatures,
                "starts": self.starts.get(pk, []),
                "specifications": specs,
                "steps": steps,
            },
            option=OPTIONS,
        )
        words = set(outcomes.values())
        verdict = "blocked" if "fail" in words else "pending" if "pending" in words else "ready"
        return verdict, evidence, findings
