"""FCS files: the header and text segments only, to keep the file with its facts. No gating here.

The events stay where they are. What is checked is that the file is whole: the two places that state
where the data begin agree, and the data are as long as events times channels times bits. One
reading is given, the number of events, because percentages elsewhere are computed from it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from qc.instruments.readers import values
from qc.instruments.reading import MAX_TEXT, Reading, ReadOutcome, refused, storable

READER, VERSION = "native:fcs", "1"

HEADER_BYTES = 58
MAX_TEXT_SEGMENT = 8 * 1024 * 1024
MAX_CHANNELS = 1000
SAMPLE_KEYWORDS = ("SMNO", "SAMPLE ID", "$SMNO", "TUBE NAME", "$FIL")
SERIAL_KEYWORDS = ("$CYTSN", "CYTNUM", "CYTOMETER NUMBER", "SERIAL NUMBER")
KEPT = (
    "$CYT",
    "$CYTSN",
    "$DATE",
    "$BTIM",
    "$ETIM",
    "$OP",
    "$INST",
    "$FIL",
    "$SYS",
    "$VOL",
    "$WELLID",
    "CREATOR",
)
ADVICE = "Export it again from the cytometer and compare the two files."


class _Broken(Exception):
    """The file is no whole FCS file; the text is the sentence to show."""


def read(data: bytes, *, filename: str) -> ReadOutcome:
    """Read the header of an FCS file and check that the file is whole."""
    try:
        return _read(data)
    except _Broken as problem:
        return refused(str(problem), reader=READER, reader_version=VERSION)


def _read(data: bytes) -> ReadOutcome:
    version, offsets = _header(data)
    keywords = _keywords(data, offsets["text_start"], offsets["text_end"])
    start, end = _data_place(keywords, offsets)
    events, channels = _whole(keywords, "$TOT"), _whole(keywords, "$PAR")
    if not 1 <= channels <= MAX_CHANNELS:
        raise _Broken(f"The FCS file states {channels} channels, which cannot be. {ADVICE}")
    warnings = _check_length(keywords, data, start, end, events, channels)
    names = [_channel(keywords, number) for number in range(1, channels + 1)]
    measured_text, measured_at = _time(keywords, warnings)
    serial = next(
        (keywords[name].strip() for name in SERIAL_KEYWORDS if keywords.get(name, "").strip()), ""
    )
    sample = next(
        (keywords[name].strip() for name in SAMPLE_KEYWORDS if keywords.get(name, "").strip()), ""
    )
    if not serial:
        warnings.append("The file does not state the cytometer's serial number.")
    if keywords.get("$NEXTDATA", "0").strip() not in ("0", ""):
        warnings.append(
            "The file holds a second data set behind the first; only the first one's header was "
            "read."
        )
    if not any(name["marker"] and name["marker"] != name["name"] for name in names):
        warnings.append("The channels carry no marker names, only detector names.")
    facts = {
        "software": storable(keywords.get("CREATOR", "").strip()),
        "serial": storable(serial),
        "layout": version,
        "cytometer": storable(keywords.get("$CYT", "").strip()),
        "events": events,
        "channels": names,
        "keywords": {
            name: storable(keywords[name].strip())[:500] for name in KEPT if name in keywords
        },
        "edited_by": storable(keywords.get("$LAST_MODIFIER", "").strip()),
    }
    if facts["edited_by"]:
        warnings.append(
            f"The file states that it was changed after acquisition by {facts['edited_by'][:80]}."
        )
    reading = Reading(
        ordinal=0,
        locator="keyword $TOT",
        sample_text=storable(sample),
        quantity="event_count",
        value_text=storable(keywords["$TOT"].strip()),
        number=Decimal(events),
        unit="1",
        measured_text=storable(measured_text),
        measured_at=measured_at,
        device_serial=storable(serial),
        operator=storable(keywords.get("$OP", "").strip()),
    )
    return ReadOutcome(
        ok=True,
        reader=READER,
        reader_version=VERSION,
        readings=(reading,),
        facts=facts,
        warnings=tuple(warnings),
    )


def _header(data: bytes) -> tuple[str, dict[str, int]]:
    match = re.fullmatch(rb"FCS(\d\.\d)", data[:6])
    if match is None:
        raise _Broken(
            "This is not an FCS file: it does not begin with the letters FCS. "
            "Choose the instrument this file comes from, or export it again."
        )
    if len(data) < HEADER_BYTES:
        raise _Broken(f"The FCS file ends within its header: it is incomplete. {ADVICE}")
    version = match[1].decode()
    if version not in ("2.0", "3.0", "3.1", "3.2"):
        raise _Broken(
            f"FCS version {version} is not known. Export the data as FCS 3.1, or report the file."
        )
    offsets = {}
    for position, name in enumerate(("text_start", "text_end", "data_start", "data_end")):
        digits = data[10 + 8 * position : 18 + 8 * position].strip()
        if not digits.isdigit():
            raise _Broken(f"The FCS header is damaged: a position in it is not a number. {ADVICE}")
        offsets[name] = int(digits)
    return f"FCS {version}", offsets


def _keywords(data: bytes, start: int, end: int) -> dict[str, str]:
    if not HEADER_BYTES <= start < end or end >= len(data) or end - start > MAX_TEXT_SEGMENT:
        raise _Broken(
            f"The FCS file is incomplete or damaged: its text part is not where the header says. "
            f"{ADVICE}"
        )
    segment = data[start : end + 1]
    text = values.decode(segment)[0] if segment[1:2] != b"\x00" else segment.decode("latin-1")
    delimiter, body = text[0], text[1:]
    # A doubled delimiter inside a value stands for the character itself; some programs leave values
    # empty instead, and then the same two characters mean nothing between a name and the next.
    parts = [
        part.replace("\x00\x01", delimiter)
        for part in body.replace(delimiter * 2, "\x00\x01").split(delimiter)
    ]
    if "$PAR" not in {part.strip().upper() for part in parts[::2]}:
        parts = body.split(delimiter)
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return {name.strip().upper(): value[:MAX_TEXT] for name, value in pairs}


def _whole(keywords: dict[str, str], name: str) -> int:
    digits = keywords.get(name, "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise _Broken(f"The FCS file does not state {name} as a number. {ADVICE}")
    return int(digits)


def _data_place(keywords: dict[str, str], offsets: dict[str, int]) -> tuple[int, int]:
    """Where the data begin and end. The header and the text must agree wherever both state it."""
    place = []
    for name, keyword, what in (
        ("data_start", "$BEGINDATA", "begin"),
        ("data_end", "$ENDDATA", "end"),
    ):
        in_header = offsets[name]
        in_text = _whole(keywords, keyword) if keywords.get(keyword, "").strip() else 0
        # Zero in the header is the standard's way to say "too large for eight digits, see the
        # text".
        if in_header and in_text and in_header != in_text:
            raise _Broken(
                f"The FCS file contradicts itself: its header says the data {what} at byte "
                f"{in_header}, its text says "
                f"{in_text}. It was not read. {ADVICE}"
            )
        place.append(in_header or in_text)
    return place[0], place[1]


def _check_length(
    keywords: dict[str, str], data: bytes, start: int, end: int, events: int, channels: int
) -> list[str]:
    if end >= len(data) + 1 or start > end:
        raise _Broken(
            f"The FCS file is incomplete: its data should reach byte {end}, but the file has only "
            f"{len(data)} bytes. "
            f"{ADVICE}"
        )
    if keywords.get("$MODE", "L").strip().upper() != "L":
        return [
            "The data are stored as a histogram, not as a list of events; their length was not "
            "checked."
        ]
    widths = [keywords.get(f"$P{number}B", "").strip() for number in range(1, channels + 1)]
    if not all(width.isascii() and width.isdigit() and len(width) < 4 for width in widths):
        return [
            "The channels' widths are not all stated as numbers of bits; the length of the data "
            "was not checked."
        ]
    expected = events * sum(int(width) for width in widths) // 8
    found = end - start + 1 if events else 0
    # Some programs give the position after the last byte as the end.
    if found not in (expected, expected + 1):
        raise _Broken(
            f"The FCS file is incomplete or damaged: {events} events in {channels} channels need "
            f"{expected} bytes of "
            f"data, the file has {found}. {ADVICE}"
        )
    return []


def _channel(keywords: dict[str, str], number: int) -> dict[str, str]:
    return {
        "name": storable(keywords.get(f"$P{number}N", "").strip())[:200],
        "marker": storable(keywords.get(f"$P{number}S", "").strip())[:200],
    }


def _time(keywords: dict[str, str], warnings: list[str]) -> tuple[str, str | None]:
    day_text, clock_text = keywords.get("$DATE", "").strip(), keywords.get("$BTIM", "").strip()
    text = f"{day_text} {clock_text}".strip()
    match = re.fullmatch(r"(\d{1,2})-([A-Za-z]{3})-(\d{2}|\d{4})", day_text)
    if match is None:
        warnings.append(f'The date of acquisition ("{storable(day_text)[:30]}") could not be read.')
        return text, None
    year = int(match[3])
    if len(match[3]) == 2:
        year += 1900 if year >= 84 else 2000  # the standard is of 1984
        warnings.append(
            f'The year of "{storable(day_text)}" has two digits and was read as {year}.'
        )
    clock = re.match(r"\d{1,2}:\d{2}:\d{2}", clock_text)
    return text, values.iso_time(
        year, values.month_number(match[2]), int(match[1]), clock[0] if clock else None
    )
