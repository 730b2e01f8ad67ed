"""The dossier as a file: canonical JSON, a manifest with the SHA-256 of every part, a schema.

    {"manifest": {…, "parts": {"step": {"count": 5, "sha256": "…"}, …}},
     "manifest_sha256": "…", "parts": {"step": […], …}, "schema": "cdmo-batch-dossier/1"}

The same content gives the same bytes; the detached signature is over the bytes of the whole file.
"""

import json
from dataclasses import dataclass

from cdmo.records.canonical import canonical, instant, sha256

SCHEMA = "cdmo-batch-dossier/1"
NAMED = ("batch", "product", "sponsor", "edition", "made_at", "made_by", "made_with")


class Damaged(Exception):
    """The file is not what was exported. `differs`: a sentence for each thing that is not."""

    def __init__(self, differs: list[str]):
        self.differs = differs
        super().__init__(" ".join(differs))


@dataclass(frozen=True, slots=True)
class Opened:
    """A dossier that was proven to be what was exported."""

    manifest: dict
    parts: dict
    sha256: str


def packed(parts: dict[str, list], *, batch, edition, made_by, made_at, made_with) -> bytes:
    """Return the file's bytes."""
    manifest = {
        "batch": batch.number,
        "product": batch.product.code,
        "sponsor": batch.sponsor.name,
        "edition": str(edition),
        "made_at": instant(made_at),
        "made_by": made_by,
        "made_with": made_with,
        "parts": {
            name: {"count": len(rows), "sha256": sha256(canonical(rows))}
            for name, rows in parts.items()
        },
    }
    return canonical(
        {
            "schema": SCHEMA,
            "manifest": manifest,
            "manifest_sha256": sha256(canonical(manifest)),
            "parts": parts,
        }
    )


def opened(data: bytes) -> Opened:
    """Return a dossier's content, or raise Damaged with everything that differs."""
    try:
        content = json.loads(data.decode("utf-8"), parse_float=_no_float)
    except (ValueError, RecursionError):
        raise Damaged(["The file is not JSON in UTF-8: it is cut short or damaged."]) from None
    if not isinstance(content, dict) or not str(content.get("schema", "")).startswith(
        "cdmo-batch-dossier/"
    ):
        raise Damaged(["The file is not a dossier of a batch."])
    if content["schema"] != SCHEMA:
        raise Damaged(
            [f"The dossier is written as {content['schema']}; this version reads {SCHEMA}."]
        )
    differs = list(_differences(content))
    if differs:
        raise Damaged(differs)
    if canonical(content) != data:
        raise Damaged(["The file says the same in other bytes: it was written anew by somebody."])
    return Opened(content["manifest"], content["parts"], sha256(data))


def _differences(content):
    manifest, parts = content.get("manifest"), content.get("parts")
    if not isinstance(manifest, dict) or not isinstance(parts, dict):
        yield "The manifest or the parts are missing."
        return
    if sha256(canonical(manifest)) != content.get("manifest_sha256"):
        yield "The manifest does not have its SHA-256."
    told = manifest.get("parts")
    if not isinstance(told, dict) or not all(isinstance(one, dict) for one in told.values()):
        yield "The manifest does not tell the parts."
        return
    missing = [name for name in NAMED if not isinstance(manifest.get(name), str)]
    if missing:
        yield f"The manifest does not say: {', '.join(missing)}."
    for name in sorted(told.keys() | parts.keys()):
        if name not in parts:
            yield f"Part {name} is missing."
        elif name not in told:
            yield f"Part {name} is not in the manifest: somebody added it."
        elif not isinstance(parts[name], list) or not all(
            isinstance(row, dict) for row in parts[name]
        ):
            yield f"Part {name} is not a list of records."
        elif sha256(canonical(parts[name])) != told[name].get("sha256"):
            count = told[name].get("count")
            have = len(parts[name])
            lines = f" It has {have} lines instead of {count}." if have != count else ""
            yield f"Part {name} does not have its SHA-256.{lines}"
    yield from _signed_content(parts.get("signature"))


def _signed_content(signatures):
    """Each signature still stands over the content that it is bound to."""
    for one in signatures if isinstance(signatures, list) else ():
        text = one.get("content") if isinstance(one, dict) else None
        if isinstance(text, str) and sha256(text.encode()) != one.get("content_sha256"):
            yield f"Signature {one.get('id')}: its content does not have its SHA-256."


def _no_float(text: str):
    raise ValueError(f"{text} has no one spelling")
