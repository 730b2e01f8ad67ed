"""The signing policy: the text each person acknowledges before their first signature.

A change of its meaning takes a new VERSION: everybody is asked again. `docs/signing-policy.md` is
this text; a test compares them. Source: 21 CFR 11.10(j), 11.100(c); domain.md section 6, P-18.
"""

from cdmo.records.canonical import sha256

VERSION = "1"
TITLE = "Signing policy"
PARAGRAPHS = (
    "My electronic signature in this system binds me as my handwritten signature does. I cannot "
    "later say that it was not meant.",
    "I sign only what I have read, for myself, in the meaning that the dialog shows: performed, "
    "verified, reviewed, approved, certified.",
    "My password and my second factor are mine alone. I tell them to nobody, write them nowhere "
    "where others can read them, and let nobody work in my session. I sign in nobody else's.",
    "When I leave the screen I sign out or lock it. When I believe that somebody knows my password "
    "or has my device, I say so at once to the system administrator and quality assurance.",
    "Failed attempts to sign are recorded, looked at, and lock signing for a while.",
    "A record that I signed and that is changed afterwards shows that my signature no longer "
    "stands. I am then asked to look again.",
    "Signing in somebody else's name, or letting somebody sign in mine, is falsification of a GMP "
    "record.",
)


def text() -> str:
    """Return the whole text as it is acknowledged."""
    return "\n\n".join((f"{TITLE}, version {VERSION}", *PARAGRAPHS)) + "\n"


def text_sha256() -> str:
    return sha256(text().encode())
