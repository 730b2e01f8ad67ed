"""The dossier on paper: the parts that people read, in the order of a batch's life.

Every value that was changed after it was first entered is marked, with the first value beside it;
superseded and invalidated results stand struck through. What the paper leaves out (instructions,
evidence, fields of no interest) stands in the JSON, whose SHA-256 is printed on every page.
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cdmo.archive import printing
from cdmo.archive.dossier.paper_decisions import Decisions, name
from cdmo.archive.printing import marked

GONE = {"superseded", "invalidated"}


def sections(parts: dict[str, list], manifest: dict) -> list[dict]:
    """Return what people read of a dossier, for paper and for pages alike."""
    zone = next((site.get("timezone") for site in parts.get("site", ())), None)
    try:
        return Sections(parts, ZoneInfo(zone or "UTC")).all(manifest)
    except ZoneInfoNotFoundError:
        return Sections(parts, ZoneInfo("UTC")).all(manifest)


def paper(parts: dict[str, list], *, manifest: dict, digest: str, warning="") -> bytes:
    """Return the PDF/A of a dossier's parts."""
    edition = "complete" if manifest["edition"] == "internal" else "for the sponsor"
    return printing.pdf(
        title="Batch dossier",
        subtitle=manifest["batch"],
        kicker=f"{manifest['product']} · {manifest['sponsor']}",
        footer=f"Dossier of {manifest['batch']}, {edition}, written {manifest['made_at']}",
        digest=digest,
        warning=warning,
        landscape=True,
        sections=sections(parts, manifest),
    )


class Sections(Decisions):
    """Each method is a section; a part that the edition does not have gives none."""

    def __init__(self, parts, zone):
        self.parts = parts
        self.zone = zone
        self.first = {}
        for change in parts.get("changed_value", ()):
            self.first.setdefault((change["record_type"], change["record_id"]), []).append(change)

    def rows(self, name) -> list[dict]:
        return self.parts.get(name, [])

    def at(self, text) -> str:
        """An instant on the site's clock, its zone named; the JSON has it in UTC."""
        if not text:
            return ""
        found = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(self.zone)
        return f"{found:%d %b %Y %H:%M:%S %Z}"

    def all(self, manifest) -> list[dict]:
        return [
            self.about(manifest),
            self.steps(),
            self.materials(),
            *self.identity(),
            self.results(),
            *self.files(),
            self.oos(),
            self.deviations(),
            *self.release(),
            self.changes(),
            self.signatures(),
            self.audit(),
        ]

    def about(self, manifest) -> dict:
        batch = self.rows("batch")[0]
        return printing.facts(
            "The batch",
            [
                ("Batch", marked(batch["number"], "strong")),
                ("Product", batch.get("product")),
                ("Sponsor", manifest["sponsor"]),
                ("Process version", batch.get("process_version")),
                ("Master batch record", batch.get("master")),
                ("Site", batch.get("site")),
                ("Purpose", batch.get("purpose")),
                ("State", f"{batch['execution']}, {batch['disposition']}, {batch['inventory']}"),
                ("Chain of identity", batch.get("coi")),
                ("Issued", self.at(batch.get("issued_at"))),
                ("Started", self.at(batch.get("started_at"))),
                ("Completed", self.at(batch.get("completed_at"))),
                ("Reviewed", self.at(batch.get("reviewed_at"))),
                ("Disposed", self.at(batch.get("disposed_at"))),
                ("Expiry", self.at(batch.get("expires_at"))),
                (
                    "Yield",
                    f"{batch['yield_value']} {batch['yield_unit']}" if batch["yield_value"] else "",
                ),
                ("Copy written", f"{self.at(manifest['made_at'])} by {manifest['made_by']}"),
                ("Times", f"on the site's clock ({self.zone.key}); in UTC in the JSON"),
            ],
        )

    def before(self, record_type, row, *fields) -> list:
        """Return "field: first value" of each value that was changed after first entry."""
        return [
            f"{change['field']}: {change['first']}"
            for change in self.first.get((record_type, row.get("id")), ())
            if not fields or change["field"] in fields
        ]

    def steps(self) -> dict:
        rows = []
        for step in self.rows("step"):
            first = self.before("step", step)
            if not first and step.get("first_value"):
                first = [f"value: {step['first_value']}"]
            limits = " to ".join(filter(None, [step.get("lower"), step.get("upper")]))
            out = step.get("in_limits") is False
            value = f"{step['value']} {step['unit']}".strip()
            rows.append(
                [
                    step["code"],
                    step["title"],
                    marked(
                        f"{value}{' (out of limits)' if out else ''}", "changed" if first else ""
                    ),
                    limits or step.get("expected", ""),
                    marked("; ".join(first), "changed"),
                    self.act(step, "performed"),
                    self.act(step, "verified"),
                    step.get("comment", ""),
                ]
            )
        return printing.table(
            "Executed record",
            [
                *(("Step", 3), ("Title", 5), ("Value", 4), ("Limits", 3)),
                *(("First written", 4), ("Performed", 5), ("Verified", 5), ("Comment", 4)),
            ],
            rows,
            empty="No steps: the batch has not been issued, or they are not shown yet.",
        )

    def act(self, row, what) -> str:
        who, when = name(row.get(f"{what}_by")), self.at(row.get(f"{what}_at"))
        return ", ".join(filter(None, [who, when]))

    def materials(self) -> dict:
        lots = {lot["number"]: lot for lot in self.rows("lot")}
        rows = []
        for use in self.rows("consumption"):
            source = use.get("lot") or use.get("source_batch") or ""
            lot = lots.get(source, {})
            gone = "struck" if use.get("cancelled_at") else ""
            rows.append(
                [
                    marked(source, gone),
                    lot.get("material", ""),
                    marked(f"{use['quantity']} {use['unit']}", gone),
                    self.at(use["used_at"]),
                    lot.get("status", ""),
                    self.at(lot.get("expires_at")),
                    name(use.get("recorded_by")),
                    lot.get("donation_number", ""),
                ]
            )
        nodes = len({n["key"] for walk in self.rows("genealogy") for n in walk["nodes"]})
        return printing.table(
            "Materials and genealogy",
            [
                *(("Lot or batch", 5), ("Material", 4), ("Quantity", 3), ("Used", 5)),
                *(("Status", 3), ("Expiry", 5), ("Recorded by", 5), ("Donation", 4)),
            ],
            rows,
            note=f"The whole genealogy, both ways ({nodes} records), stands in the JSON. "
            "Struck through: cancelled.",
        )

    def identity(self):
        for chain in self.rows("identity_chain"):
            yield printing.table(
                "Chain of identity",
                [("Handover", 3), ("Scanned", 5), ("Matched", 2), ("At", 4), ("By", 5)],
                [
                    [
                        s["handover"],
                        s["scanned"],
                        "yes" if s["matched"] else "NO",
                        self.at(s["at"]),
                        name(s["by"]),
                    ]
                    for s in self.rows("identity_scan")
                ],
                note=f"{chain['coi']}, pseudonym {chain['pseudonym']}. "
                "Who the patient is does not stand in any record of the batch.",
                empty="No scans.",
            )

    def results(self) -> dict:
        rows = []
        for result in self.rows("result"):
            gone = "struck" if result["status"] in GONE else ""
            first = self.before("result", result, "value", "unit", "reportable")
            why = result.get("invalid_reason") or result.get("confirm_reason") or ""
            rows.append(
                [
                    str(result["id"]),
                    result["test"],
                    result["sample"],
                    marked(
                        f"{result['value']} {result['unit']}".strip(),
                        gone or ("changed" if first else ""),
                    ),
                    marked("; ".join(first), "changed"),
                    result["verdict"],
                    result["status"]
                    + (f" (supersedes {result['supersedes']})" if result["supersedes"] else ""),
                    ", ".join(
                        filter(None, [name(result.get("analyst")), self.at(result["tested_at"])])
                    ),
                    ", ".join(
                        filter(
                            None, [name(result.get("reviewer")), self.at(result.get("reviewed_at"))]
                        )
                    ),
                    why,
                ]
            )
        return printing.table(
            "Samples and results",
            [
                *(("Id", 2), ("Test", 4), ("Sample", 4), ("Value", 3), ("First written", 3)),
                *(("Verdict", 2.5), ("Status", 4), ("Analyst", 5), ("Reviewer", 5), ("Why", 4)),
            ],
            rows,
            note="Struck through: superseded or invalidated; such a result never counts.",
        )

    def files(self):
        documents = [
            [d["number"], d["kind"], d["filename"], str(d["size"]), marked(d["sha256"], "mono")]
            for d in self.rows("document")
        ]
        yield printing.table(
            "Stored files",
            [("Document", 3), ("Kind", 3), ("File", 5), ("Bytes", 2), ("SHA-256", 6)],
            documents,
            note="Instrument files and certificates, byte for byte as they came.",
        )

    def oos(self) -> dict:
        return printing.table(
            "Out-of-specification investigations",
            [("Number", 3), ("Result", 2), ("Status", 2), ("Conclusion", 3), ("Rationale", 8)],
            [
                [o["number"], o["result"], o["status"], o["conclusion"], o["rationale"]]
                for o in self.rows("oos")
            ],
        )

    def deviations(self) -> dict:
        return printing.table(
            "Deviations",
            [
                *(("Number", 3), ("Title", 5), ("Class", 2), ("Status", 2), ("Raised", 4)),
                *(("Conclusion", 6), ("Closed", 4)),
            ],
            [
                [
                    d["number"],
                    d["title"],
                    d["classification"],
                    d["status"],
                    self.act(d, "raised"),
                    d["conclusion"],
                    self.act(d, "closed"),
                ]
                for d in self.rows("deviation")
            ],
        )
