"""The four-parameter logistic: one plate's standards fitted, its unknowns read back."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy
from scipy.optimize import least_squares

from qc.calculations.inputs import NUMBERS, entries, number, numbers, schema
from qc.calculations.registry import BadInput, Calculation
from qc.calculations.statistics import mean

BELOW, ABOVE = "<LLOQ", ">ULOQ"


def four_parameter_logistic(standards, unknowns) -> dict:
    points = _points(standards)
    responses = numbers("unknowns", unknowns, count=0)
    curve = _Curve.fitted(points)
    concentrations = sorted({x for x, _ in points})
    measurable = [x for x in concentrations if x > 0]
    return {
        "a": curve.a,
        "b": curve.b,
        "c": curve.c,
        "d": curve.d,
        "residual_sum_of_squares": curve.residual,
        "recoveries": [_recovery(curve, x, points) for x in concentrations],
        "unknowns": [_read(curve, response, measurable) for response in responses],
    }


def _points(standards) -> list[tuple[Fraction, Fraction]]:
    points = []
    for place, standard in enumerate(entries("standards", standards, count=4)):
        field = f"standards[{place}]"
        if not isinstance(standard, list | tuple) or len(standard) != 2:
            raise BadInput(field, f"{field} must be a pair of concentration and response.")
        points.append(
            (number(f"{field}[0]", standard[0], least=0), number(f"{field}[1]", standard[1]))
        )
    if len({x for x, _ in points if x > 0}) < 3 or len({x for x, _ in points}) < 4:
        raise BadInput(
            "standards",
            "Four parameters need four concentrations, three of them above 0.",
            "too_few",
        )
    if len({y for _, y in points}) == 1:
        raise BadInput("standards", "All responses are equal: there is no curve to fit.")
    return points


class _Curve:
    """y = d + (a − d)/(1 + (x/c)^b), with b above 0, so that a is the response at zero dose."""

    def __init__(self, a: float, b: float, c: float, d: float, residual: float):
        self.a, self.b, self.c, self.d, self.residual = a, b, c, d, residual

    @classmethod
    def fitted(cls, points: Sequence[tuple[Fraction, Fraction]]) -> "_Curve":
        """Fit by unweighted least squares, from the best of a grid of starts.

        For a given b and c the curve is linear in a and d: the grid over the two that are not
        finds the right valley, and Levenberg-Marquardt its floor. Responses and concentrations
        are scaled to about 1 before, so that steps mean the same whatever the units.
        """
        x = numpy.array([float(at) for at, _ in points])
        y = numpy.array([float(response) for _, response in points])
        x_scale = float(numpy.exp(numpy.log(x[x > 0]).mean()))
        low, span = float(y.min()), float(y.max() - y.min())
        if not (span > 0 and math.isfinite(span) and math.isfinite(x_scale)):
            raise BadInput("standards", "The responses span nothing that a double can hold.")
        with numpy.errstate(all="ignore"):
            log_x = numpy.where(x > 0, numpy.log(numpy.where(x > 0, x, 1) / x_scale), -numpy.inf)
            a, log_b, log_c, d = _least(log_x, (y - low) / span)
        curve = (low + span * a, math.exp(log_b), x_scale * math.exp(log_c), low + span * d)
        if not all(math.isfinite(value) for value in curve):
            raise BadInput("standards", "No curve can be fitted to these standards.")
        residuals = [
            float(response) - cls(*curve, 0.0).response(float(at)) for at, response in points
        ]
        return cls(*curve, math.fsum(error * error for error in residuals))

    def response(self, x: float) -> float:
        """Return the response at a concentration."""
        if x <= 0:
            return self.a
        exponent = self.b * math.log(x / self.c)
        return self.d + (self.a - self.d) / (1 + math.exp(min(exponent, 700)))

    def concentration(self, response: float) -> float | None:
        """Return the concentration, or None at or beyond the asymptotes."""
        if response in (self.a, self.d):
            return None
        ratio = (self.a - response) / (response - self.d)
        if ratio <= 0:
            return None
        return self.c * math.exp(min(math.log(ratio) / self.b, 600))

    def is_beyond_top(self, response: float) -> bool:
        """Whether a response that has no concentration lies beyond d, the end of high doses."""
        return abs(response - self.d) < abs(response - self.a)


def _least(log_x, y) -> tuple[float, float, float, float]:
    spread = log_x[numpy.isfinite(log_x)]
    starts = []
    for log_c in numpy.linspace(spread.min() - 2, spread.max() + 2, 25):
        for log_b in numpy.log([0.3, 0.6, 1, 1.5, 2.5, 5, 10]):
            error, ends = _ends(log_x, y, log_b, log_c)
            starts.append((error, ends[0], log_b, log_c, ends[1]))
    starts.sort(key=lambda start: start[0])
    fits = [
        least_squares(
            lambda p: _shape(log_x, p[1], p[2]) * (p[0] - p[3]) + p[3] - y,
            start[1:],
            method="lm" if len(y) >= 4 else "trf",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=4000,
        )
        for start in starts[:3]
    ]
    best = min(fits, key=lambda fit: fit.cost)
    return tuple(float(value) for value in best.x)


def _shape(log_x, log_b, log_c):
    """Return the share of a in the response: 1 at zero dose, 0 at the highest."""
    exponent = numpy.exp(numpy.clip(log_b, -20, 20)) * (log_x - log_c)
    return 1 / (1 + numpy.exp(numpy.clip(exponent, -700, 700)))


def _ends(log_x, y, log_b, log_c):
    """Return the squared error and the best a and d for a given slope and middle."""
    share = _shape(log_x, log_b, log_c)
    design = numpy.column_stack([share, 1 - share])
    ends, *_ = numpy.linalg.lstsq(design, y, rcond=None)
    return float(((design @ ends - y) ** 2).sum()), ends


def _recovery(curve: _Curve, x: Fraction, points) -> float | None:
    """Return what the curve reads back of a standard, in percent; none for the zero standard."""
    if x == 0:
        return None
    found = curve.concentration(float(mean([y for at, y in points if at == x])))
    return None if found is None else 100 * found / float(x)


def _read(curve: _Curve, response: Fraction, measurable: Sequence[Fraction]) -> dict:
    found = curve.concentration(float(response))
    qualifier = None
    if found is None:
        qualifier = ABOVE if curve.is_beyond_top(float(response)) else BELOW
    # A standard's own reading may miss the end of the range by the last digit of a double.
    elif found < float(measurable[0]) * (1 - 1e-12):
        qualifier = BELOW
    elif found > float(measurable[-1]) * (1 + 1e-12):
        qualifier = ABOVE
    return {
        "response": float(response),
        "concentration": None if qualifier else found,
        "qualifier": qualifier,
    }


_EXAMPLE = {
    "standards": [
        [0, "0.051"],
        ["7.8", "0.118"],
        ["31.25", "0.391"],
        [125, "1.056"],
        [500, "2.037"],
        [2000, "2.593"],
    ],
    "unknowns": ["1.000", "0.040", "2.780"],
}

CALCULATIONS = (
    Calculation(
        name="four-parameter-logistic",
        version="1",
        formula=(
            "y = d + (a − d) / (1 + (x/c)^b), a at zero dose, b above 0; unweighted least "
            "squares; x = c·((a − y)/(y − d))^(1/b); outside the standards <LLOQ or >ULOQ; "
            "recovery = read back / nominal × 100 of each concentration's mean response"
        ),
        source="four-parameter logistic of immunoassays, USP <1034>",
        inputs=schema(
            ["standards", "unknowns"],
            standards={
                "type": "array",
                "minItems": 4,
                "items": {**NUMBERS, "minItems": 2, "maxItems": 2},
                "description": "pairs of concentration (0 or more) and response",
            },
            unknowns={**NUMBERS, "description": "responses"},
        ),
        example={"inputs": _EXAMPLE, "output": four_parameter_logistic(**_EXAMPLE)},
        function=four_parameter_logistic,
    ),
)
