"""Measure what field-level history costs: results entered, submitted and approved by the services.

    python -m benchmarks.history [--results 10000]

The same work in turns with the history's triggers on and off, on samples of the same kind, in one
run. Off means: no log_insert and no log_update on any table; events, signatures and all other
guards stay. Prints both times and their ratio; ends with 1 when it is above the target.
"""

import argparse
import sys
import time
from contextlib import contextmanager

from benchmarks.release_check.place import database_of_our_own

TARGET = 2.0
AT_ONCE = 500
TESTS = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=10_000)
    options = parser.parse_args()
    with database_of_our_own():
        return Measurement(options.results).report()


class Measurement:
    def __init__(self, results: int):
        from tests.builders.laboratory import a_sample, a_specification
        from tests.builders.manufacture import a_started_batch
        from tests.cast import make_cast

        self.cast = make_cast()
        self.batch = a_started_batch(self.cast)
        a_specification(self.cast, self.batch.product)
        began = time.perf_counter()
        self.rounds = max(1, results // AT_ONCE)
        # One more round of each kind first, not counted: plans, caches, imports.
        self.samples = [
            [a_sample(self.cast, self.batch) for _ in range(AT_ONCE // TESTS)]
            for _ in range(2 * (self.rounds + 1))
        ]
        self.results = self.rounds * AT_ONCE
        print(f"samples taken in {time.perf_counter() - began:.0f} s")

    def report(self) -> int:
        from django.db import connection

        spent = {True: {}, False: {}}
        written = {}
        for turn, samples in enumerate(self.samples):
            history = turn % 2 == 0
            with history_switched(history):
                taken = self.make(samples)
            if turn >= 2:
                for step, seconds in taken.items():
                    spent[history][step] = spent[history].get(step, 0.0) + seconds
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM records_auditevent WHERE kind = 'change'")
                count = cursor.fetchone()[0]
            written[history] = count - written.get("last", 0)
            written["last"] = count
        if not written[True] >= 3 * AT_ONCE or written[False]:
            raise SystemExit(f"the triggers were not switched: {written}")
        print(f"{self.results:,} results each, {AT_ONCE} at once")
        print(f"{'':12}{'with':>10}{'without':>10}{'ratio':>8}")
        for step in [*spent[True], "all"]:
            on, off = (
                sum(spent[kind].values()) if step == "all" else spent[kind][step]
                for kind in (True, False)
            )
            print(f"{step:12}{on:>8.2f} s{off:>8.2f} s{on / off:>8.2f}")
        print(f"target {TARGET}")
        return int(on / off > TARGET)

    def make(self, samples) -> dict[str, float]:
        """Enter, submit and approve every test of these samples; return the seconds of each."""
        from qc.laboratory import services
        from tests.builders.laboratory import VALUES
        from tests.cast import NOON, proof_of

        cast, tests = self.cast, list(VALUES)[:TESTS]
        entries = [
            {"sample": sample, "test": test, "value": VALUES[test]}
            for sample in samples
            for test in tests
        ]
        clock = {"enter": time.perf_counter()}
        results = services.enter_results(entries=entries, by=cast.analyst, at=NOON)
        clock["submit"] = time.perf_counter()
        results = services.submit_results(results=results, by=cast.analyst, at=NOON)
        clock["approve"] = time.perf_counter()
        services.approve_results(
            results=results, by=cast.reviewer, at=NOON, proof=proof_of(cast.reviewer)
        )
        ends = [*list(clock.values())[1:], time.perf_counter()]
        return {step: end - clock[step] for step, end in zip(clock, ends, strict=True)}


@contextmanager
def history_switched(on: bool):
    """Run with the history's triggers as they are, or without them."""
    if on:
        yield
        return
    _alter("DISABLE")
    try:
        yield
    finally:
        _alter("ENABLE")


def _alter(how: str) -> None:
    from django.apps import apps
    from django.db import connection

    with connection.cursor() as cursor:
        for model in apps.get_models():
            for trigger in getattr(model._meta, "triggers", ()):
                if trigger.name in {"log_insert", "log_update"}:
                    table, name = model._meta.db_table, trigger.get_pgid(model)
                    cursor.execute(f'ALTER TABLE "{table}" {how} TRIGGER "{name}"')


if __name__ == "__main__":
    sys.exit(main())
