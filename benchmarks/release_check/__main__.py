"""Measure release checks against hand-written psycopg2, in one run on the same data.

    python -m benchmarks.release_check [--batches 20000] [--set 10000]

Prints times, their ratio and the numbers of queries; ends with 1 when a target is missed.
"""

import argparse
import statistics
import sys
import time

from benchmarks.release_check.place import database_of_our_own

ONE_TARGET, SET_TARGET = 3.0, 6.0
ONES = 15


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--set", type=int, default=10_000)
    options = parser.parse_args()
    with database_of_our_own():
        from benchmarks.release_check.seed import INPUTS, LINES, seed

        began = time.perf_counter()
        seed(options.batches)
        print(
            f"{options.batches:,} batches, {LINES} lines and {INPUTS} inputs each, "
            f"seeded in {time.perf_counter() - began:.0f} s"
        )
        return Measurement(options.set).report()


class Measurement:
    """Ours and by hand in turns on the same batches, each run on freshly queued checks."""

    def __init__(self, size):
        import psycopg2
        from django.db import connection

        from batches.manufacture.models import Batch
        from benchmarks.release_check.by_hand import ByHand
        from benchmarks.release_check.seed import NOW

        self.size, self.now, self.ours = size, NOW, connection
        self.ids = list(Batch.objects.order_by("pk").values_list("pk", flat=True)[:size])
        given = connection.get_connection_params()
        given.pop("cursor_factory", None)
        given.pop("context", None)
        self.by_hand = ByHand(psycopg2.connect(**given), NOW)
        self.counted = {}

    def queue(self, ids) -> None:
        from qc.release.services import queue_checks

        queue_checks(causes=dict.fromkeys(ids, "Benchmark."), by=None, at=self.now)

    def run_ours(self, ids) -> float:
        from qc.release.services import run_waiting_checks

        self.queue(ids)
        queries = []

        def count(execute, sql, parameters, many, context):
            queries.append(sql)
            return execute(sql, parameters, many, context)

        with self.ours.execute_wrapper(count):
            began = time.perf_counter()
            done = run_waiting_checks(at=self.now, limit=len(ids))
            took = time.perf_counter() - began
        if done != len(ids):
            raise SystemExit(f"{done} checks ended instead of {len(ids)}")
        self.counted["ours", len(ids)] = len(queries)
        return took

    def run_by_hand(self, ids) -> float:
        self.queue(ids)
        self.by_hand.queries = 0
        began = time.perf_counter()
        done = self.by_hand.run(len(ids))
        took = time.perf_counter() - began
        if done != len(ids):
            raise SystemExit(f"{done} checks ended instead of {len(ids)}")
        self.counted["by hand", len(ids)] = self.by_hand.queries
        return took

    def compare(self, sets) -> tuple[float, float]:
        """Return the median seconds of ours and by hand over these sets, in turns."""
        ours, by_hand = [], []
        for ids in sets:
            by_hand.append(self.run_by_hand(ids))
            self.agree(ids)
            ours.append(self.run_ours(ids))
        return statistics.median(ours), statistics.median(by_hand)

    def agree(self, ids) -> None:
        """The baseline must come to the same verdicts, or it measures something else."""
        self.by_hand_verdicts = self.verdicts(ids)

    def verdicts(self, ids) -> dict:
        with self.ours.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT ON (batch_id) batch_id, verdict FROM qc_releasecheck"
                " WHERE batch_id = ANY(%s) AND status = 'done' ORDER BY batch_id, id DESC",
                [ids],
            )
            return dict(cursor.fetchall())

    def report(self) -> int:
        ones = [[pk] for pk in self.ids[:ONES]]
        self.compare(ones[:2])  # both warm: plans, caches, imports
        one = self.compare(ones)
        many = self.compare([self.ids])
        same = self.verdicts(self.ids) == self.by_hand_verdicts
        print(f"{'':24}{'ours':>12}{'by hand':>12}{'ratio':>8}{'target':>8}")
        missed = not same
        for label, (ours, by_hand), target in (
            ("one check", one, ONE_TARGET),
            (f"a set of {self.size:,}", many, SET_TARGET),
        ):
            ratio = ours / by_hand
            missed |= ratio > target
            print(f"{label:24}{shown(ours):>12}{shown(by_hand):>12}{ratio:8.2f}{target:8.1f}")
        first, whole = self.counted["ours", 1], self.counted["ours", self.size]
        print(f"queries: {first} for one check, {whole} for {self.size:,}")
        print(f"queries by hand: {self.counted['by hand', 1]}")
        print(f"verdicts of all {self.size:,} agree: {'yes' if same else 'NO'}")
        return 1 if missed else 0


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
