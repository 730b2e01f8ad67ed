"""Which statements are met: the register against what ran. Pure: no file, no clock."""

MET, NOT_MET, DUTY = "met", "not met", "operator's duty"
COUNTED = (MET, NOT_MET, DUTY, "with a duty", "total")


class UnknownStatement(Exception):
    """A test names a statement that the register does not have."""


def matrix(statements, results, *, guards=()) -> list[dict]:
    """Return each statement beside its tests, with its verdict and why it is not met.

    `results`: as the recorder writes them. `guards`: as the runner of guards writes them.
    """
    tests = {name: [] for name in statements}
    for test in results["tests"]:
        for name in test["statements"]:
            if name not in tests:
                raise UnknownStatement(f"{test['id']}: {name}")
            tests[name].append(test)
    return [
        row_of(statement, tests[name], [g for g in guards if g["statement"] == name])
        for name, statement in statements.items()
    ]


def row_of(statement, tests, guards) -> dict:
    why = list(missing(statement, tests))
    return {
        "id": statement.id,
        "group": statement.group,
        "statement": statement.text,
        "clauses": list(statement.clauses),
        "clauses_not_verified": list(statement.unverified),
        "risk": {
            "severity": statement.risk.severity,
            "probability": statement.risk.probability,
            "detectability": statement.risk.detectability,
            "class": statement.risk.risk_class,
            "priority": statement.risk.priority,
            "reason": statement.risk.reason,
        },
        "kind": statement.kind,
        "duty": statement.duty,
        "verdict": NOT_MET if why else MET if statement.by_tests else DUTY,
        "why": why,
        "tests": [
            {"id": t["id"], "outcome": t["outcome"], "seconds": t["seconds"], "why": t["why"]}
            for t in tests
        ],
        "guards": guards,
    }


def missing(statement, tests):
    """Yield every reason why tests do not prove a statement."""
    if not statement.by_tests:
        return
    if not tests:
        yield "No test."
    for test in tests:
        if test["outcome"] != "passed":
            yield f"{test['id']}: {test['outcome']}."


def summary(rows, results) -> dict:
    """Return the counts of the first page."""
    groups = {}
    for row in rows:
        counts = groups.setdefault(row["group"], dict.fromkeys(COUNTED, 0))
        counts[row["verdict"]] += 1
        counts["with a duty"] += bool(row["duty"])
        counts["total"] += 1
    outcomes = {}
    for test in results["tests"]:
        outcomes[test["outcome"]] = outcomes.get(test["outcome"], 0) + 1
    return {
        "statements": groups,
        "tests": {"total": len(results["tests"]), **dict(sorted(outcomes.items()))},
        "tests_without_statement": sum(not t["statements"] for t in results["tests"]),
        "guarded": sum(any(g["outcome"] == "seen to fail" for g in row["guards"]) for row in rows),
        "by_tests": sum(row["kind"] != "operator" for row in rows),
    }
