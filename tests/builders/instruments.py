"""Instruments and their files brought to a state through the real services.

`a_read_file` goes through the real sandbox with the native reader; the second reader is asked only
where a test sets SECOND_READER_PYTHON to one.
"""

from datetime import date, timedelta

from django.db import connection

from qc.instruments import services
from tests.cast import NOON

AFTER = timedelta(seconds=2)
# A Vi-CELL BLU export in the real layout, with invented values.
BLU = (
    "Sample ID,Cell count,Viable cells,Total (x10^6) cells/mL,Viable (x10^6) cells/mL,"
    "Viability (%),Average diameter (μm),Average viable diameter (μm),Cell type,Dilution,"
    "Analysis date/time,Analysis by\n"
)
BLU_ROW = "{sample},1000,{viable},1.50,1.40,{viability},14.2,14.5,Mammalian,1,{at},Vi-CELL\n"


def an_instrument(cast, code="BLU-01", *, vendor="vicell_blu", calibrated=True, at=NOON, **facts):
    """Registered by the reviewer; calibrated from 2005 until 2030, unless told otherwise."""
    instrument = services.register_instrument(
        code=code,
        name=facts.pop("name", f"Instrument {code}"),
        vendor=vendor,
        site=facts.pop("site", cast.site),
        by=cast.reviewer,
        at=at,
        **facts,
    )
    if calibrated:
        a_calibration(cast, instrument, performed_on=date(2005, 1, 1), due_on=date(2030, 1, 1))
    return instrument


def a_calibration(cast, instrument, *, at=NOON, **facts):
    facts = {"performed_on": date(2026, 1, 1), "due_on": date(2027, 1, 1), **facts}
    return services.record_calibration(instrument=instrument, by=cast.reviewer, at=at, **facts)


def blu_file(*samples, viability="93.3", at="11/20/2026 10:30"):
    """Bytes of an export with one row a sample."""
    rows = (
        BLU_ROW.format(sample=sample, viable=933, viability=viability, at=at) for sample in samples
    )
    return (BLU + "".join(rows)).encode()


def an_uploaded_file(cast, instrument, *, data=None, filename="run.csv", at=NOON, by=None):
    return services.upload_file(
        instrument=instrument,
        filename=filename,
        data=blu_file("S-1") if data is None else data,
        by=by or cast.analyst,
        at=at,
    )


def sweep(at=NOON + AFTER):
    """Read everything that waits, as the scheduler would have it. Returns how many ended."""
    done = 0
    while services.read_next_file(at=at) is not None:
        done += 1
    return done


def a_read_file(cast, instrument, **facts):
    """Uploaded by the analyst and read; failed if it cannot be."""
    at = facts.get("at", NOON)
    file = an_uploaded_file(cast, instrument, **facts)
    sweep(at + AFTER)
    file.refresh_from_db()
    return file


def tamper(file):
    """Flip a stored byte behind the triggers' back, as somebody with the server's keys could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE records_documentcontent DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE records_documentcontent SET data = set_byte(data, 5, 0) WHERE document_id = %s",
            [file.document_id],
        )
        cursor.execute("ALTER TABLE records_documentcontent ENABLE TRIGGER USER")
