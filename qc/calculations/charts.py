"""Control charts: individuals and moving range, Nelson's tests, Westgard's rules, capability."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from qc.calculations.inputs import (
    NUMBER,
    NUMBERS,
    POSITIVE,
    entries,
    given_once,
    number,
    numbers,
    schema,
    whole,
)
from qc.calculations.registry import BadInput, Calculation
from qc.calculations.statistics import mean as mean_of
from qc.calculations.statistics import root, total, variance

# For moving ranges of two. Tables print d2 to three decimals, and limits computed with the exact
# 2/√π differ from printed ones in the third; the charts here are those of the tables.
D2 = Fraction("1.128")
D4 = Fraction("3.267")


def individuals(values, baseline_count=None) -> dict:
    points = numbers("values", values, count=2)
    count = len(points)
    if baseline_count is not None:
        count = whole("baseline_count", baseline_count, least=2, most=len(points))
    baseline = points[:count]
    ranges = [abs(after - before) for before, after in pairwise(baseline)]
    centre, mr_bar = mean_of(baseline), total(ranges) / len(ranges)
    sigma = mr_bar / D2
    upper, lower, mr_upper = centre + 3 * sigma, centre - 3 * sigma, D4 * mr_bar
    return {
        "mean": float(centre),
        "mr_bar": float(mr_bar),
        "sigma": float(sigma),
        "ucl": float(upper),
        "lcl": float(lower),
        "mr_ucl": float(mr_upper),
        "out_of_limits": [
            place for place, point in enumerate(points, 1) if not lower <= point <= upper
        ],
        "ranges_out_of_limits": [
            place
            for place, (before, after) in enumerate(pairwise(points), 2)
            if abs(after - before) > mr_upper
        ],
        "constants": {"d2": float(D2), "D4": float(D4)},
    }


Signal = Callable[[Sequence[Fraction]], bool]


def _same_side(window: Sequence[Fraction]) -> bool:
    return all(z > 0 for z in window) or all(z < 0 for z in window)


def _steady(window: Sequence[Fraction]) -> bool:
    steps = [after - before for before, after in pairwise(window)]
    return _same_side(steps)


def _alternating(window: Sequence[Fraction]) -> bool:
    steps = [after - before for before, after in pairwise(window)]
    return all(step * following < 0 for step, following in pairwise(steps))


def _most_beyond(limit: int, needed: int) -> Signal:
    """So many beyond the limit on one side, the last point among them: it completes it."""

    def signals(window: Sequence[Fraction]) -> bool:
        side = 1 if window[-1] > 0 else -1
        beyond = [side * z > limit for z in window]
        return beyond[-1] and sum(beyond) >= needed

    return signals


def _none_near(window: Sequence[Fraction]) -> bool:
    far = all(abs(z) > 1 for z in window)
    return far and min(window) < 0 < max(window)


# Number of points, and what they look like (Nelson 1984, tests 1 to 8).
NELSON: dict[int, tuple[int, Signal]] = {
    1: (1, lambda window: abs(window[0]) > 3),
    2: (9, _same_side),
    3: (6, _steady),
    4: (14, _alternating),
    5: (3, _most_beyond(2, needed=2)),
    6: (5, _most_beyond(1, needed=4)),
    7: (15, lambda window: all(abs(z) < 1 for z in window)),
    8: (8, _none_near),
}


def nelson(values, mean, sigma, rules=None) -> dict:
    centre, spread = number("mean", mean), number("sigma", sigma, above=0)
    scores = [(value - centre) / spread for value in numbers("values", values)]
    wanted = sorted(NELSON)
    if rules is not None:
        wanted = sorted(
            {
                whole(f"rules[{place}]", rule, least=1, most=8)
                for place, rule in enumerate(entries("rules", rules))
            }
        )
    return {
        "signals": [
            {"rule": rule, "index": last}
            for rule in wanted
            for last in _completed(scores, *NELSON[rule])
        ]
    }


def _completed(scores: Sequence[Fraction], length: int, signals: Signal):
    """Yield the place, from 1, of each point that completes the pattern.

    At the start of a series two points are enough for two of three, whatever the third would be.
    """
    shortest = length - 1 if length in (3, 5) else length
    for last in range(shortest, len(scores) + 1):
        if signals(scores[max(0, last - length) : last]):
            yield last


def westgard(runs) -> dict:
    levels = [numbers(f"runs[{place}]", run) for place, run in enumerate(entries("runs", runs))]
    if len({len(run) for run in levels}) != 1:
        raise BadInput("runs", "Every run needs the same number of control levels.")
    last = levels[-1]
    broken = []
    if any(abs(z) > 2 for z in last):
        broken.append("1_2s")
    if any(abs(z) > 3 for z in last):
        broken.append("1_3s")
    if _two_beyond(levels):
        broken.append("2_2s")
    if max(last) > 2 and min(last) < -2:
        broken.append("R_4s")
    if _in_a_row(levels, 4, 1):
        broken.append("4_1s")
    if _in_a_row(levels, 10, 0):
        broken.append("10x")
    verdict = "reject" if set(broken) - {"1_2s"} else "warning" if broken else "accept"
    return {"verdict": verdict, "rules": broken}


def _two_beyond(levels: Sequence[Sequence[Fraction]]) -> bool:
    last = levels[-1]
    if sum(z > 2 for z in last) > 1 or sum(z < -2 for z in last) > 1:
        return True
    return _in_a_row(levels, 2, 2, across=False)


def _in_a_row(levels, count: int, limit: int, *, across: bool = True) -> bool:
    """Whether the last `count` are beyond the limit on one side: of a level, or of all levels."""
    rows = [list(level) for level in zip(*levels, strict=True)]
    if across:
        rows.append([z for run in levels for z in run])
    return any(
        len(row) >= count
        and (all(z > limit for z in row[-count:]) or all(z < -limit for z in row[-count:]))
        for row in rows
    )


def capability(mean=None, sd=None, lower=None, upper=None, values=None) -> dict:
    given_once(values=values, mean=mean)
    if values is not None:
        if sd is not None:
            raise BadInput("sd", "Give values or a standard deviation, not both.")
        points = numbers("values", values, count=2)
        centre, spread = mean_of(points), root(variance(points))
        if not spread:
            raise BadInput("values", "All values are equal: there is no spread to compare with.")
    else:
        if sd is None:
            raise BadInput("sd", "sd is needed beside a mean.", "required")
        centre, spread = number("mean", mean), float(number("sd", sd, above=0))
    low = None if lower is None else number("lower", lower)
    high = None if upper is None else number("upper", upper)
    if low is None and high is None:
        raise BadInput("lower", "Give a lower limit, an upper limit or both.", "required")
    if low is not None and high is not None and low >= high:
        raise BadInput("upper", "The upper limit must be above the lower one.")
    cpu = None if high is None else float(high - centre) / (3 * spread)
    cpl = None if low is None else float(centre - low) / (3 * spread)
    both = low is not None and high is not None
    return {
        "cp": float(high - low) / (6 * spread) if both else None,
        "cpu": cpu,
        "cpl": cpl,
        "cpk": min(index for index in (cpu, cpl) if index is not None),
    }


CALCULATIONS = (
    Calculation(
        name="individuals-chart",
        version="1",
        formula=(
            "mean ± 3 × mean moving range / d2; ranges up to D4 × mean moving range; limits from "
            "the first baseline_count values, every value held against them"
        ),
        source="Shewhart chart of individuals, moving ranges of two: d2 = 1.128, D4 = 3.267",
        inputs=schema(
            ["values"],
            values={**NUMBERS, "minItems": 2},
            baseline_count={"type": "integer", "minimum": 2},
        ),
        example={
            "inputs": {"values": [10, 12, 10, 12, 10]},
            "output": {
                "mean": 10.8,
                "mr_bar": 2.0,
                "sigma": float(2 / D2),
                "ucl": float(Fraction("10.8") + 6 / D2),
                "lcl": float(Fraction("10.8") - 6 / D2),
                "mr_ucl": 6.534,
                "out_of_limits": [],
                "ranges_out_of_limits": [],
                "constants": {"d2": 1.128, "D4": 3.267},
            },
        },
        function=individuals,
    ),
    Calculation(
        name="nelson",
        version="1",
        formula=(
            "1: beyond 3σ · 2: nine on one side · 3: six steadily up or down · 4: fourteen "
            "alternating · 5: two of three beyond 2σ on one side · 6: four of five beyond 1σ on "
            "one side · 7: fifteen within 1σ · 8: eight beyond 1σ, on both sides"
        ),
        source="Nelson L. S., Journal of Quality Technology 16 (1984) 237-239",
        inputs=schema(
            ["values", "mean", "sigma"],
            values={**NUMBERS, "minItems": 1},
            mean=NUMBER,
            sigma=POSITIVE,
            rules={
                "type": "array",
                "minItems": 1,
                "items": {"type": "integer", "minimum": 1, "maximum": 8},
            },
        ),
        example={
            "inputs": {"values": ["0.1", "3.2", "2.1", "-0.4"], "mean": 0, "sigma": 1},
            "output": {"signals": [{"rule": 1, "index": 2}, {"rule": 5, "index": 3}]},
        },
        function=nelson,
    ),
    Calculation(
        name="westgard",
        version="1",
        formula=(
            "the last run in the light of those before. 1_2s warns; 1_3s, 2_2s (two levels of a "
            "run, or a level twice), R_4s (within the run), 4_1s and 10x (a level, or all levels "
            "in turn) reject"
        ),
        source="Westgard J. O. and others, Clinical Chemistry 27 (1981) 493-501",
        inputs=schema(
            ["runs"],
            runs={
                "type": "array",
                "minItems": 1,
                "description": "runs in order, each the z-scores of its control levels",
                "items": {**NUMBERS, "minItems": 1},
            },
        ),
        example={
            "inputs": {"runs": [["0.4", "2.1"], ["0.2", "2.3"]]},
            "output": {"verdict": "reject", "rules": ["1_2s", "2_2s"]},
        },
        function=westgard,
    ),
    Calculation(
        name="capability",
        version="1",
        formula=(
            "cp = (upper − lower) / 6 sd; cpu = (upper − mean) / 3 sd; cpl = (mean − lower) / 3 "
            "sd; cpk = the smaller of those there are"
        ),
        source="ISO 22514-2; of values: their mean and sample standard deviation (n − 1)",
        inputs=schema(
            [],
            mean=NUMBER,
            sd=POSITIVE,
            lower=NUMBER,
            upper=NUMBER,
            values={**NUMBERS, "minItems": 2},
        ),
        example={
            "inputs": {"mean": 92, "sd": "2.5", "lower": 80, "upper": 107},
            "output": {"cp": 1.8, "cpu": 2.0, "cpl": 1.6, "cpk": 1.6},
        },
        function=capability,
    ),
)
__all__ = ["CALCULATIONS", "D2", "D4", "NELSON"]
