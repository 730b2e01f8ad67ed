"""The baseline: read the audit trail row by row with psycopg2 and hash it in Python.

The same texts, the same digests, compared with the same blocks, one row in memory at a time. It
knows one table and names no row: it is meant to be hard to beat.
"""

import hashlib
import json
import struct
import sys

import psycopg2


def prove(dsn: str) -> int:
    """Return how many audit rows were found as they were sealed. Raises when one was not."""
    connection = psycopg2.connect(dsn, options="-c TimeZone=UTC")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM records_seal ORDER BY number")
        parts = [
            part
            for (content,) in cursor.fetchall()
            for part in json.loads(content)["tables"]
            if part["table"] == "records_auditevent"
        ]
    columns = ", ".join(f'"{name}"' for name in parts[0]["columns"])
    with connection.cursor(name="rows") as cursor:
        cursor.itersize = 2000
        cursor.execute(
            f"SELECT id, json_build_array({columns})::text FROM records_auditevent ORDER BY id"
        )
        rows, pack, sha256, found = iter(cursor), struct.Struct(">q32s").pack, hashlib.sha256, 0
        for part in parts:
            for _, _, count, digest, *_ in part["blocks"]:
                block = sha256()
                for _ in range(count):
                    pk, text = next(rows)
                    block.update(pack(pk, sha256(text.encode()).digest()))
                if block.hexdigest() != digest:
                    raise SystemExit("The baseline found a damaged block.")
                found += count
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{prove(sys.stdin.read())}\n")
