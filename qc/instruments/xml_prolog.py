"""XML without surprises: whether a document declares a type, seen without parsing the document.

A document type declaration is what entity bombs and reads of other files are made of, and no
instrument file needs one. It can only stand before the first element, so parsing stops there.
"""

from __future__ import annotations

from xml.parsers import expat

CHUNK = 16 * 1024


class _Stop(Exception):
    pass


def prolog_problem(data: bytes) -> str:
    """A sentence if the document declares a type or is no XML up to its first element; empty if
    fine.
    """
    parser = expat.ParserCreate()
    declared = False

    def doctype(*_: object) -> None:
        nonlocal declared
        declared = True
        raise _Stop

    def element(*_: object) -> None:
        raise _Stop

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        for start in range(0, len(data), CHUNK):
            parser.Parse(data[start : start + CHUNK], False)
        parser.Parse(b"", True)
    except _Stop:
        if declared:
            return (
                "The XML file declares a document type, which no instrument export needs and which "
                "can be used to harm "
                "the reader. Export the file again from the instrument and upload that."
            )
        return ""
    except (expat.ExpatError, ValueError, LookupError):
        pass
    return (
        "The file is no readable XML: it is damaged or incomplete. Export it again and upload that."
    )
