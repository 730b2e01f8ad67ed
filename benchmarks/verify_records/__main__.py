"""Measure `manage.py verify_records` over a long audit trail, beside a loop written by hand.

    python -m benchmarks.verify_records [--rows 1000000]

The trail is written by the triggers: regulated rows, each changed three times. The baseline hashes
the rows and compares them with their seals. Beside it stands ours doing the same ("ours, alike"),
and the whole command in a process of its own, start included: seals, histories, signatures, guards.
Prints times, rows a second, peak memory (at a tenth of the rows and at all of them) and the ratio
of the two that do the same; ends with 1 when a target is missed. Needs two idle cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.release_check.place import database_of_our_own

RATE_TARGET = 100_000
RATIO_TARGET = 1.5
GROWTH_TARGET = 1.25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with database_of_our_own():
        tenth = write(0, options.rows // 10)
        seal(tenth)
        small = ours("the command", tenth)
        rows = tenth + write(options.rows // 10, options.rows)
        seal(rows - tenth)
        hand = by_hand(rows)
        alone = seals_alone(rows)
        whole = ours("the command", rows)
    rate, ratio = rows / whole[0], alone / hand[0]
    growth = whole[1] / small[1]
    print(f"rate {rate:,.0f} rows/s (target {RATE_TARGET:,}), ratio {ratio:.2f} ({RATIO_TARGET}),")
    print(f"memory grows {growth:.2f} times for ten times the rows (target {GROWTH_TARGET})")
    return int(rate < RATE_TARGET or ratio > RATIO_TARGET or growth > GROWTH_TARGET)


def write(after: int, through: int) -> int:
    """Make and change regulated rows until the triggers have written this many audit rows."""
    from django.db import connection

    began = time.perf_counter()
    step = 40_000
    with connection.cursor() as cursor:
        for start in range(after, through, step):
            cursor.execute(
                "INSERT INTO batches_material (code, name, unit, kind, critical, illustrative)"
                " SELECT 'M-' || n, 'Medium ' || n, 'mL', 'raw', false, true"
                " FROM generate_series(%s::int, %s) n",
                [start, min(start + step, through) - 1 - (min(step, through - start) * 3) // 4],
            )
            for name in ("name", "unit", "name"):
                cursor.execute(
                    f"UPDATE batches_material SET {name} = {name} || '.' WHERE id >"
                    " (SELECT max(id) FROM batches_material) - %s",
                    [min(step, through - start) // 4],
                )
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM records_auditevent")
        rows = cursor.fetchone()[0] - after
    print(f"{rows:,} audit rows written by the triggers in {time.perf_counter() - began:.0f} s")
    return rows


def seal(rows: int) -> None:
    from django.utils import timezone

    from cdmo.records.seals.making import seal_rows

    began, sealed = time.perf_counter(), 0
    while made := seal_rows(by=None, at=timezone.now()):
        sealed += made.rows
    took = time.perf_counter() - began
    if sealed != rows:
        raise SystemExit(f"{sealed} rows came under a seal instead of {rows}")
    print(f"{rows:,} rows sealed in {took:.1f} s, {rows / took:,.0f} rows/s")


def ours(label: str, rows: int) -> tuple[float, int]:
    out, *measured = run([sys.executable, "manage.py", "verify_records"])
    if "all as they were made" not in out or f"{rows} sealed rows" not in out:
        raise SystemExit(out)
    return shown(label, rows, *measured)


def seals_alone(rows: int) -> float:
    """What the baseline does and no more: the chain and the rows under it, on one connection."""
    from django.db import transaction

    from cdmo.records.verify import seals

    began = time.perf_counter()
    with transaction.atomic():
        proven = seals()
    took = time.perf_counter() - began
    if proven.checked != rows or proven.broken:
        raise SystemExit(f"{proven.checked} rows, {proven.broken[:3]}")
    print(f"{'ours, alike':14}{rows:>12,} rows{took:>8.1f} s{rows / took:>12,.0f} rows/s")
    return took


def by_hand(rows: int) -> tuple[float, int]:
    from django.db import connection
    from psycopg2.extensions import make_dsn

    given = connection.get_connection_params()
    dsn = make_dsn(
        **{k: given[k] for k in ("dbname", "user", "password", "host", "port") if k in given}
    )
    out, *measured = run([sys.executable, "-m", "benchmarks.verify_records.by_hand"], dsn)
    if int(out) != rows:
        raise SystemExit(f"the baseline read {out} rows instead of {rows}")
    return shown("by hand", rows, *measured)


def run(command, given: str = "") -> tuple[str, float, int]:
    """Return a program's output, its seconds and its peak memory in megabytes."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, encoding="utf-8", env=os.environ
        )
        program.stdin.write(given)
        program.stdin.close()
        peak = 0
        while program.poll() is None:
            peak = max(peak, memory_of(program.pid))
            time.sleep(0.02)
        took = time.perf_counter() - began
        out.seek(0)
        return out.read(), took, peak // 1024


def memory_of(pid: int) -> int:
    """Return a process's own peak in kilobytes. Its resource usage would begin with ours."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(li.split()[1]) for li in status.splitlines() if li.startswith("VmHWM")), 0)


def shown(label: str, rows: int, seconds: float, memory: int) -> tuple[float, int]:
    print(
        f"{label:14}{rows:>12,} rows{seconds:>8.1f} s{rows / seconds:>12,.0f} rows/s{memory:>6} MB"
    )
    return seconds, memory


if __name__ == "__main__":
    sys.exit(main())
