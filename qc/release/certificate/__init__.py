"""The certificate of analysis: its content as plain data, and the PDF/A made of it.

Content goes to the template as JSON, never spliced into its markup, so no name or value can become
an instruction. The SHA-256 printed on it is that of the canonical content.
"""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import typst

from cdmo.records.canonical import instant
from qc.release.rules.base import Case

TEMPLATE = Path(__file__).with_name("certificate.typ")
STANDARD = "a-2b"


def certificate_content(
    *, number, issue, supersedes, reason, batch, evidence, certification, signatures, at
) -> dict:
    """Return everything that stands on a certificate, as plain data."""
    zone = ZoneInfo(batch.site.timezone)
    specification = evidence.specifications[0]
    return {
        "number": number,
        "issue": issue,
        "supersedes": supersedes,
        "reason": reason,
        "issued_at": instant(at),
        "issued_local": local(at, zone),
        "conditional": certification.kind == "conditional",
        "certification": certification.number,
        "evidence_sha256": certification.evidence_sha256,
        "manufacturer": batch.site.organisation.name,
        "site": f"{batch.site.name} ({batch.site.code})",
        "sponsor": batch.sponsor.name,
        "product": f"{batch.product.name} ({batch.product.code})",
        "batch": batch.number,
        "process_version": batch.process_version.code,
        "purpose": batch.get_purpose_display(),
        "coi": evidence.batch.coi or "",
        "started": local(batch.started_at, zone),
        "completed": local(batch.completed_at, zone),
        "expires": local(batch.expires_at, zone),
        "yield": f"{batch.yield_value:f} {batch.yield_unit}".strip()
        if batch.yield_value is not None
        else "",
        "specification": f"{specification.code}, version {specification.version}, "
        f"effective from {specification.effective_from:%d %b %Y}",
        "lines": lines_of(evidence),
        "pending": certification.pending,
        "signatures": [
            {
                "name": s.printed_name,
                "role": s.role,
                "meaning": s.meaning,
                "at": instant(s.at),
                "local": local(s.at, zone),
                "sha256": s.content_sha256,
            }
            for s in signatures
        ],
        "demonstration": batch.illustrative,
    }


def lines_of(evidence) -> list[dict]:
    """Return one row a specification line and sample; what is pending is marked so."""
    case = Case(evidence, evidence.batch.completed_at)
    rows = []
    for line in evidence.lines:
        base = {"test": line.test, "method": line.method, "criterion": line.criterion}
        results = case.by_test.get(line.test, [])
        rows += [
            {
                **base,
                "method": method_of(result, evidence) or line.method,
                "value": result.reportable or result.value,
                "unit": result.unit or line.unit,
                "verdict": result.verdict,
                "sample": evidence.samples[result.sample_id].number,
            }
            for result in results
        ]
        if not results:
            rows.append(
                {
                    **base,
                    "value": "",
                    "unit": line.unit,
                    "verdict": "pending" if line.required else "not tested",
                    "sample": "",
                }
            )
    return rows


def method_of(result, evidence) -> str:
    """Return the method that was used, with its version; nothing where none is recorded."""
    used = evidence.methods.get(result.method_id)
    return f"{used.code}, version {used.version}" if used else ""


def local(at, zone: ZoneInfo) -> str:
    """Return an instant on the site's clock, its zone named; nothing for none."""
    return f"{at.astimezone(zone):%d %b %Y %H:%M} {at.astimezone(zone):%Z}" if at else ""


def render(content: dict, *, digest: str) -> bytes:
    """Return the certificate as PDF/A (ISO 19005-2 level B), fonts embedded."""
    for readable in (str, spelt_out, ascii_only):
        text = json.dumps(_each_text(content, readable))
        try:
            return typst.compile(
                TEMPLATE,
                format="pdf",
                pdf_standards=STANDARD,
                ignore_system_fonts=True,
                sys_inputs={"data": text, "digest": digest},
            )
        except typst.TypstError as error:
            refused = error
    raise refused


def spelt_out(text: str) -> str:
    """Name characters that the embedded fonts cannot draw: nothing is left out silently.

    PDF/A refuses a missing glyph, and a sponsor's name in another script must not stop a release.
    """
    return "".join(
        c if 0x1F < ord(c) < 0x500 or c in _PUNCTUATION else f"[U+{ord(c):04X}]" for c in text
    )


def ascii_only(text: str) -> str:
    return "".join(c if 0x1F < ord(c) < 0x7F else f"[U+{ord(c):04X}]" for c in text)


def _each_text(content, change):
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {name: _each_text(value, change) for name, value in content.items()}
    if isinstance(content, list):
        return [_each_text(value, change) for value in content]
    return content


_PUNCTUATION = frozenset("‐‑‒–—‘’“”•…≤≥±×µ°→−≈")
