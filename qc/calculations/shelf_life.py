"""Shelf life from real-time data by ICH Q1E: which lines are alike, and where their bound ends.

Sums are exact fractions, so that a perfect line has a residual of exactly nothing, and the order
of the points does not matter.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from scipy.special import fdtrc, stdtrit

from qc.calculations.inputs import (
    NUMBER,
    choice,
    entries,
    named,
    number,
    one,
    schema,
)
from qc.calculations.registry import BadInput, Calculation
from qc.calculations.statistics import root, total

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a line needs to know of its points; sums of two sets of points add up."""

    n: int
    x: Fraction
    y: Fraction
    xx: Fraction
    xy: Fraction
    yy: Fraction

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, at) + getattr(other, at) for at in self.__slots__))

    @property
    def sxx(self) -> Fraction:
        return self.xx - self.x * self.x / self.n

    @property
    def sxy(self) -> Fraction:
        return self.xy - self.x * self.y / self.n

    @property
    def syy(self) -> Fraction:
        return self.yy - self.y * self.y / self.n


@dataclass(frozen=True, slots=True)
class _Line:
    """A fitted line and what its bound needs: error variance, its freedom, and where x was."""

    intercept: Fraction
    slope: Fraction
    error: Fraction
    df: int
    n: int
    x_mean: Fraction
    sxx: Fraction


def shelf_life(
    batches, lower_limit=None, upper_limit=None, pooling_alpha="0.25", error_variance=None
) -> dict:
    alpha = float(number("pooling_alpha", pooling_alpha, above=0, below=1))
    variance = (
        "individual"
        if error_variance is None
        else choice("error_variance", error_variance, "individual", "pooled")
    )
    limits = _limits(lower_limit, upper_limit)
    sums = {name: _sums(f"batches.{name}", given) for name, given in _batches(batches)}
    p_slopes, p_intercepts = _poolability(sums)
    model = _model(sums, p_slopes, p_intercepts, alpha)
    lines = {
        "common": _common,
        "common_slope": _common_slope,
        "separate": lambda given: _separate(given, pooled=variance == "pooled"),
    }[model](sums)
    confidence = CONFIDENCE if len(limits) == 1 else (1 + CONFIDENCE) / 2
    crossings = {name: _crossing(line, limits, confidence) for name, line in lines.items()}
    reached = [month for month in crossings.values() if month is not None]
    months = min(reached, default=None)
    return {
        "p_slopes": p_slopes,
        "p_intercepts": p_intercepts,
        "model": model,
        "fits": {
            name: {"intercept": float(line.intercept), "slope": float(line.slope)}
            for name, line in lines.items()
        },
        "crossings": crossings,
        "shelf_life_months": months,
        "label_months": None if months is None else math.floor(months),
        "error_variance": variance if model == "separate" else "pooled",
    }


def _limits(lower_limit, upper_limit) -> list[tuple[int, Fraction]]:
    """Return (side, limit): side 1 below the line, −1 above it."""
    limits = []
    if lower_limit is not None:
        limits.append((1, number("lower_limit", lower_limit)))
    if upper_limit is not None:
        limits.append((-1, number("upper_limit", upper_limit)))
    if not limits:
        raise BadInput("lower_limit", "Give a lower limit, an upper limit or both.", "required")
    if len(limits) == 2 and limits[0][1] >= limits[1][1]:
        raise BadInput("upper_limit", "The upper limit must be above the lower one.")
    return limits


def _batches(batches):
    for name, points in named("batches", batches).items():
        if not name.strip():
            raise BadInput("batches", "A batch has no name.")
        yield name, points


def _sums(field: str, given) -> _Sums:
    xs, ys = [], []
    for place, point in enumerate(entries(field, given, count=3)):
        where = f"{field}[{place}]"
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise BadInput(where, f"{where} must be a pair of month and value.")
        xs.append(number(f"{where}[0]", point[0], least=0))
        ys.append(number(f"{where}[1]", point[1]))
    if len(set(xs)) < 2:
        raise BadInput(field, f"{field} needs points at two months or more.")
    return _Sums(
        len(xs),
        total(xs),
        total(ys),
        total([x * x for x in xs]),
        total([x * y for x, y in zip(xs, ys, strict=True)]),
        total([y * y for y in ys]),
    )


def _residuals(sums: Mapping[str, _Sums]) -> tuple[Fraction, Fraction, Fraction]:
    """Return the sums of squares about separate lines, lines of one slope, and one line."""
    each = list(sums.values())
    separate = sum((s.syy - s.sxy**2 / s.sxx for s in each), Fraction(0))
    sxx = sum((s.sxx for s in each), Fraction(0))
    sxy = sum((s.sxy for s in each), Fraction(0))
    one_slope = sum((s.syy for s in each), Fraction(0)) - sxy**2 / sxx
    everything = _all(sums)
    return separate, one_slope, everything.syy - everything.sxy**2 / everything.sxx


def _all(sums: Mapping[str, _Sums]) -> _Sums:
    each = list(sums.values())
    together = each[0]
    for one_batch in each[1:]:
        together += one_batch
    return together


def _poolability(sums: Mapping[str, _Sums]) -> tuple[float | None, float | None]:
    """Return p of equal slopes and of equal intercepts, each against the separate lines."""
    k = len(sums)
    if k == 1:
        return None, None
    separate, one_slope, one_line = _residuals(sums)
    df = sum(s.n for s in sums.values()) - 2 * k
    if not separate:
        raise BadInput("batches", "Every point lies on its line: without error nothing is tested.")
    mean_square = separate / df
    return (
        float(fdtrc(k - 1, df, float((one_slope - separate) / (k - 1) / mean_square))),
        float(fdtrc(k - 1, df, float((one_line - one_slope) / (k - 1) / mean_square))),
    )


def _model(sums, p_slopes, p_intercepts, alpha: float) -> str:
    if len(sums) == 1:
        return "common"
    if p_slopes < alpha:
        return "separate"
    return "common_slope" if p_intercepts < alpha else "common"


def _common(sums: Mapping[str, _Sums]) -> dict[str, _Line]:
    s = _all(sums)
    slope = s.sxy / s.sxx
    df = s.n - 2
    line = _Line(
        (s.y - slope * s.x) / s.n, slope, (s.syy - slope * s.sxy) / df, df, s.n, s.x / s.n, s.sxx
    )
    return dict.fromkeys(sums, line)


def _common_slope(sums: Mapping[str, _Sums]) -> dict[str, _Line]:
    sxx = sum((s.sxx for s in sums.values()), Fraction(0))
    slope = sum((s.sxy for s in sums.values()), Fraction(0)) / sxx
    df = sum(s.n for s in sums.values()) - len(sums) - 1
    error = _residuals(sums)[1] / df
    return {
        name: _Line((s.y - slope * s.x) / s.n, slope, error, df, s.n, s.x / s.n, sxx)
        for name, s in sums.items()
    }


def _separate(sums: Mapping[str, _Sums], *, pooled: bool) -> dict[str, _Line]:
    all_df = sum(s.n for s in sums.values()) - 2 * len(sums)
    all_error = _residuals(sums)[0] / all_df
    lines = {}
    for name, s in sums.items():
        slope = s.sxy / s.sxx
        error, df = (s.syy - slope * s.sxy) / (s.n - 2), s.n - 2
        if pooled:
            error, df = all_error, all_df
        lines[name] = _Line((s.y - slope * s.x) / s.n, slope, error, df, s.n, s.x / s.n, s.sxx)
    return lines


def _crossing(line: _Line, limits, confidence: float) -> float | None:
    """Return the first month, from 0, at which a bound of the mean line meets its limit."""
    q = float(stdtrit(line.df, confidence))
    found = [_meets(line, side, limit, q) for side, limit in limits]
    return min((month for month in found if month is not None), default=None)


def _meets(line: _Line, side: int, limit: Fraction, q: float) -> float | None:
    """Solve side × (line − limit) = q·s·√(1/n + (t − x̄)²/Sxx) for the first t ≥ 0.

    The distance is straight and the bound's width convex, so the room between them is concave:
    when there is room at 0, it ends once, at the larger root, or never.
    """
    # In u = t − x̄: (h + g·u)² = w·(1/n + u²/Sxx)
    h = side * (line.intercept + line.slope * line.x_mean - limit)
    g = side * line.slope
    w = Fraction(q) ** 2 * line.error

    def room(t: Fraction) -> bool:
        u = t - line.x_mean
        distance = h + g * u
        return distance > 0 and distance**2 > w * (Fraction(1, line.n) + u * u / line.sxx)

    if not room(Fraction(0)):
        return 0.0
    a, b, c = g * g - w / line.sxx, g * h, h * h - w / line.n
    if a == 0:
        roots = [float(-c / (2 * b))] if b else []
    else:
        under = b * b - a * c
        if under < 0:
            return None
        # b + sign·√… never cancels; the other root follows from the product of both.
        big = -(float(b) + math.copysign(root(under), float(b)))
        # Exactly: as doubles, months far apart make an `a` that is nought.
        roots = [float(Fraction(big) / a)] + ([float(c) / big] if big else [])
    x_mean = float(line.x_mean)
    after = [x_mean + u for u in roots if x_mean + u > 0 and _on_its_side(h, g, u)]
    return min(after, default=None)


def _on_its_side(h: Fraction, g: Fraction, u: float) -> bool:
    """Whether a root of the squared equation solves the one that was not squared."""
    distance = float(h) + float(g) * u
    return distance >= -1e-9 * (abs(float(h)) + abs(float(g) * u))


_EXAMPLE = {
    "batches": {"B1": [[0, "95.1"], [3, "94.4"], [6, "93.9"], [9, "93.0"], [12, "92.6"]]},
    "lower_limit": 90,
}

CALCULATIONS = (
    Calculation(
        name="shelf-life",
        version="1",
        formula=(
            "slopes, then intercepts, pooled when p ≥ pooling_alpha (F tests against the separate "
            "lines' mean square); shelf life = first month at which the 95 % bound of the mean "
            "line meets the limit (one-sided; two-sided for two limits), of the worst batch; label "
            "= its floor"
        ),
        source="ICH Q1E, Evaluation of Stability Data (2003), appendix B",
        inputs=schema(
            ["batches"],
            batches={
                **one(),
                "additionalProperties": {
                    "type": "array",
                    "minItems": 3,
                    "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": NUMBER},
                },
                "description": "a list of [month, value] a batch, by its name",
            },
            lower_limit=NUMBER,
            upper_limit=NUMBER,
            pooling_alpha={**NUMBER, "default": "0.25"},
            error_variance={
                "type": "string",
                "enum": ["individual", "pooled"],
                "default": "individual",
                "description": "of separate lines: each batch its own, or one for all",
            },
        ),
        example={"inputs": _EXAMPLE, "output": shelf_life(**_EXAMPLE)},
        function=shelf_life,
    ),
)
