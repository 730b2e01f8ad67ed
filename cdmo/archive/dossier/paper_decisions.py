"""Sections of a dossier's paper: what was decided, what was changed, who signed, who did what."""

from cdmo.archive import printing
from cdmo.archive.printing import marked


class Decisions:
    """Needs `rows(part)` and `at(instant)` of the whole paper."""

    def release(self):
        yield printing.table(
            "Release checks",
            [("Check", 2), ("At", 4), ("Verdict", 3), ("Rules", 2), ("Evidence, SHA-256", 8)],
            [
                [
                    str(c["id"]),
                    self.at(c["evaluated_at"]),
                    c["verdict"] or c["status"],
                    c["rules_version"],
                    marked(c["evidence_sha256"], "mono"),
                ]
                for c in self.rows("release_check")
            ],
            note="What each check saw and found stands in the JSON.",
        )
        for seen in self.rows("check_evidence")[-1:]:
            yield printing.table(
                f"Findings of the last check ({seen['check_row']})",
                [("Rule", 2), ("Title", 5), ("Outcome", 2), ("Message", 9)],
                [
                    [f.get("rule"), f.get("title"), f.get("outcome"), f.get("message")]
                    for f in seen["findings"]
                ],
            )
        yield printing.table(
            "Justifications",
            [("Rule", 2), ("Finding", 6), ("Rationale", 6), ("By", 4), ("At", 4)],
            [
                [j["rule"], j["message"], j["rationale"], name(j["by"]), self.at(j["at"])]
                for j in self.rows("justification")
            ],
        )
        yield printing.table(
            "Certifications and certificates",
            [("Number", 3), ("Kind", 2), ("By", 4), ("At", 4), ("Bound to, SHA-256", 8)],
            [
                [
                    c["number"],
                    c["kind"],
                    c["by_name"],
                    self.at(c["at"]),
                    marked(c["evidence_sha256"], "mono"),
                ]
                for c in self.rows("certification")
            ]
            + [
                [
                    c["number"],
                    f"certificate, issue {c['issue']}",
                    c["issued_by_name"],
                    self.at(c["issued_at"]),
                    marked(c["content_sha256"], "mono"),
                ]
                for c in self.rows("certificate")
            ],
        )

    def changes(self) -> dict:
        return printing.table(
            "Values changed after first entry",
            [
                *(("Record", 4), ("Value", 3), ("First", 4), ("Now", 4), ("Times", 1.5)),
                *(("Last by", 5), ("Last at", 4), ("Why", 5)),
            ],
            [
                [
                    f"{c['record_type']} {c['record']}",
                    c["field"],
                    marked(short(c["first"]), "struck"),
                    marked(short(c["now"]), "changed"),
                    str(c["times"]),
                    c["last_by"],
                    self.at(c["last_at"]),
                    c["reason"],
                ]
                for c in self.rows("changed_value")
            ],
            empty="None was changed, or this edition does not tell.",
        )

    def signatures(self) -> dict:
        return printing.table(
            "Electronic signatures",
            [
                *(("Name", 4), ("As", 3), ("Meaning", 6), ("Under", 4), ("At", 4)),
                *(("Signed content, SHA-256", 5), ("Standing", 4)),
            ],
            [
                [
                    marked(s["printed_name"], "struck" if s["voided_at"] else "strong"),
                    s["role"],
                    s["meaning"],
                    f"{s['record_type']} {s['record']}",
                    self.at(s["at"]),
                    marked(s["content_sha256"], "mono"),
                    f"no longer since {self.at(s['voided_at'])}: {s.get('voided_because', '')}"
                    if s["voided_at"]
                    else "stands",
                ]
                for s in self.rows("signature")
            ],
            empty="Nobody has signed.",
        )

    def audit(self) -> dict:
        return printing.table(
            "Audit trail",
            [
                *(("At", 4), ("Who", 4), ("As", 3), ("Act", 3), ("Record", 4)),
                *(("Old and new", 9), ("Why", 4)),
            ],
            [
                [
                    self.at(e["at"]),
                    e.get("by") or e.get("database_user") or "",
                    e["role"],
                    e["verb"],
                    f"{e['record_type']} {e['record']}",
                    values(e),
                    e.get("reason", ""),
                ]
                for e in self.rows("audit_event")
            ],
        )


def name(person) -> str:
    """Return the printed name alone; the address stands in the JSON."""
    return (person or "").partition(" <")[0]


def values(event) -> str:
    """Return a line's change in words: of a new record only what it holds, of a change both."""
    old, new = event.get("old") or {}, event.get("new") or {}
    if not isinstance(new, dict):
        return short(new)
    told = []
    for name, value in new.items():
        if name in old:
            told.append(f"{name}: {short(old[name])} → {short(value)}")
        elif value not in (None, "", [], {}):
            told.append(f"{name}: {short(value)}")
    return "; ".join(told)


def short(value, longest: int = 120) -> str:
    """Return a value in a line; what is longer stands in the JSON."""
    text = "—" if value in (None, "") else str(value)
    return text if len(text) <= longest else f"{text[:longest]}…"
