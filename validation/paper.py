"""The pack on paper: its content as sections of facts and tables, set as PDF/A."""

from validation.judging import MET, NOT_MET
from validation.register import GROUPS

KICKER = "Validation pack"
NOTE = (
    "This pack supports the operator's validation of the system for its intended use. It is "
    "evidence about the product. It does not validate the operator's system, and it is no "
    "statement of compliance."
)
CLAUSES = (
    "Clauses: number and subject were compared with copies of the text in public sources, not "
    "with the official journal. The statements are in our own words."
)


def pdf(content: dict, *, digest: str) -> bytes:
    """Return the pack as PDF/A. Django must be set up: the house's paper stands on its models."""
    from cdmo.archive import printing

    product, run = content["product"], content["run"]
    return printing.pdf(
        title="Validation pack",
        subtitle=f"{product['name']} {product['version']}",
        kicker=product["description"],
        footer=f"{product['name']} {product['version']} · commit {run['source']['commit'][:12]} · "
        f"made {content['made_at']}",
        digest=digest,
        warning=warning_of(content),
        landscape=True,
        sections=[
            *cover(content, printing),
            *summary(content, printing),
            *requirements(content, printing),
            *evidence(content, printing),
            *guards(content, printing),
            *duties(content, printing),
            *surroundings(content, printing),
            approval(printing),
        ],
    )


def warning_of(content) -> str:
    """Return what a reader must know before anything else; nothing when all is well."""
    run, lines = content["run"], []
    open_ones = sum(row["verdict"] == NOT_MET for row in content["statements"])
    if open_ones:
        lines.append(f"{open_ones} of {len(content['statements'])} statements are not met.")
    if not run["whole"]:
        lines.append("Only a part of the suite was run.")
    if run["not_collected"]:
        lines.append(f"{len(run['not_collected'])} files of tests could not be loaded.")
    if run["source"]["dirty"]:
        lines.append(
            f"The sources differ from the commit in {run['source']['changed_files']} files."
        )
    if content["rendered_from"]["commit"] != run["source"]["commit"]:
        lines.append("The pack was set from another commit than the tests were run on.")
    return " ".join(lines)


def cover(content, printing):
    run, place = content["run"], content["run"]["environment"]
    yield printing.facts(
        "What was tested",
        [
            ("Product", f"{content['product']['name']}: {content['product']['description']}"),
            ("Version", content["product"]["version"]),
            ("Commit", run["source"]["commit"]),
            ("Committed", run["source"]["committed_at"]),
            ("Sources", "changed since the commit" if run["source"]["dirty"] else "as committed"),
            ("Tests run at", run["at"]),
            ("Pack made at", content["made_at"]),
            ("System", f"{place['system']}, {place['machine']}"),
            ("Python", place["python"]),
            ("PostgreSQL", place["postgresql"]),
            ("Redis", place["redis"]),
            ("Chromium", place["chromium"]),
            ("Register", f"SHA-256 {run['source']['register_sha256']}"),
        ],
        note=NOTE,
    )


def summary(content, printing):
    counts = content["summary"]
    rows = [
        [
            GROUPS[group],
            group + "-",
            c[MET],
            printing.marked(c[NOT_MET], "changed") if c[NOT_MET] else 0,
            c["with a duty"],
            c["total"],
        ]
        for group, c in counts["statements"].items()
    ]
    yield printing.table(
        "Summary",
        [
            ("statements", 4),
            ("ids", 1),
            ("met", 1),
            ("not met", 1),
            ("with a duty of the operator", 2),
            ("all", 1),
        ],
        rows,
        note="Met: at least one test names the statement, and every one that does has passed. "
        "A failed or skipped test makes its statement not met.",
    )
    tests = counts["tests"]
    yield printing.facts(
        "Tests",
        [
            ("Run", str(tests["total"])),
            *((name.capitalize(), str(n)) for name, n in tests.items() if name != "total"),
            ("Without statement", f"{counts['tests_without_statement']} (listed in the JSON)"),
            (
                "Guards",
                f"for {counts['guarded']} of {counts['by_tests']} statements that tests prove, a "
                "test was seen to fail with the guard removed",
            ),
        ],
    )
    yield printing.table(
        "Not met",
        [("id", 1), ("statement", 5), ("why", 6)],
        [
            [r["id"], r["statement"], "\n".join(r["why"][:8]) + more(r["why"], 8)]
            for r in content["statements"]
            if r["verdict"] == NOT_MET
        ],
        empty="Every statement is met or is the operator's duty.",
    )


def more(items, shown) -> str:
    return f"\nand {len(items) - shown} more" if len(items) > shown else ""


def requirements(content, printing):
    for group, title in GROUPS.items():
        yield printing.table(
            f"{title}: requirement, risk, tests, result",
            [
                ("id", 1.1),
                ("requirement", 6),
                ("supports", 3.4),
                ("risk", 3.2),
                ("proof", 1.3),
                ("tests", 1),
                ("result", 1.2),
                ("seen to fail without its guard", 2.6),
            ],
            [requirement(r, printing) for r in content["statements"] if r["group"] == group],
            note=CLAUSES if group == "P" else "",
        )


def requirement(row, printing):
    passed = sum(test["outcome"] == "passed" for test in row["tests"])
    clauses = [
        *row["clauses"],
        *(f"{clause} (clause not verified)" for clause in row["clauses_not_verified"]),
    ]
    risk = row["risk"]
    return [
        printing.marked(row["id"], "strong"),
        row["statement"],
        "; ".join(clauses),
        f"Class {risk['class']}, priority {risk['priority']} (severity {risk['severity']}, "
        f"probability {risk['probability']}, detectability {risk['detectability']}). "
        f"{risk['reason']}",
        {"product": "tests", "operator": "operator", "both": "tests and operator"}[row["kind"]],
        f"{passed} of {len(row['tests'])}" if row["kind"] != "operator" else "",
        printing.marked(row["verdict"], "changed" if row["verdict"] == NOT_MET else "strong"),
        guarded(row, printing),
    ]


def guarded(row, printing):
    if row["kind"] == "operator":
        return ""
    seen = [g["removed"] for g in row["guards"] if g["outcome"] == "seen to fail"]
    odd = [g for g in row["guards"] if g["outcome"] != "seen to fail"]
    if odd:
        return printing.marked("; ".join(f"{g['removed']}: {g['outcome']}" for g in odd), "changed")
    return "Removed: " + "; ".join(seen) if seen else printing.marked("not on record", "quiet")


def evidence(content, printing):
    for row in content["statements"]:
        if row["kind"] == "operator":
            continue
        yield printing.table(
            f"{row['id']}: {row['verdict']}",
            [("test", 12), ("outcome", 1.4), ("seconds", 1)],
            [
                [
                    name.removeprefix("tests/") + (f"\n{why}" if why else ""),
                    outcome if outcome == "passed" else printing.marked(outcome, "changed"),
                    f"{seconds:.2f}",
                ]
                for name, outcome, seconds, why in lines_of(row["tests"])
            ],
            note=row["statement"],
            empty="No test: not met.",
        )


def lines_of(tests):
    """Yield (name, outcome, seconds, why); passed cases of one test in one line, others each."""
    passed = {}
    for test in tests:
        if test["outcome"] == "passed":
            passed.setdefault(test["id"].partition("[")[0], []).append(test["seconds"])
        else:
            yield test["id"], test["outcome"], test["seconds"], test["why"]
    for name, seconds in passed.items():
        cases = f" ({len(seconds)} cases)" if len(seconds) > 1 else ""
        yield name + cases, "passed", sum(seconds), ""


def guards(content, printing):
    yield printing.table(
        "Tests seen to fail without their guard",
        [("id", 1), ("removed", 4.5), ("where", 3.5), ("test", 5.5), ("outcome", 1.6), ("seen", 2)],
        [
            [
                g["statement"],
                g["removed"] + (f" (with those of all {g['together']})" if g["together"] else ""),
                g["file"],
                g["test"].removeprefix("tests/"),
                g["outcome"]
                if g["outcome"] == "seen to fail"
                else printing.marked(g["outcome"], "changed"),
                f"{g['at']}, commit {g['commit'][:12]}" if g["commit"] else "",
            ]
            for g in content["guards"]
        ],
        note="Each edit was made in a copy of the sources, and the test that passes with the guard "
        "was run without it. An edit that no longer fits is not evidence. To repeat: "
        "python -m validation.guards.",
        empty="No run of the guards is on record.",
    )


def duties(content, printing):
    yield printing.table(
        "The operator's duties",
        [
            ("id", 1),
            ("statement", 5),
            ("page of the guide", 4),
            ("how it is met here", 4),
            ("by, date", 2),
        ],
        [
            [
                row["id"],
                row["statement"],
                row["duty"],
                printing.marked("", "blank"),
                printing.marked("", "blank"),
            ]
            for row in content["statements"]
            if row["duty"]
        ],
        note="What software cannot do. To be filled in by the operator.",
    )


def surroundings(content, printing):
    packages = content["run"]["environment"]["packages"]
    yield printing.facts(
        "Packages", [("Installed", ", ".join(f"{n} {v}" for n, v in packages.items()))]
    )


def approval(printing):
    blank = printing.marked("", "blank")
    return printing.table(
        "Review and approval by the operator",
        [("function", 3), ("printed name", 3), ("meaning", 3), ("signature", 4), ("date", 2)],
        [
            [role, blank, blank, blank, blank]
            for role in ("Process owner", "System owner", "Quality assurance", "")
        ],
        note="Left empty: to be signed by the operator's own people after their own assessment. "
        + NOTE,
    )
