"""Intervals: tolerance, equivalence of two means, and runs that prove a reliability."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, chndtrix, nctdtrit, ndtri, stdtr, stdtrit

from qc.calculations.inputs import (
    NUMBER,
    NUMBERS,
    POSITIVE,
    choice,
    given_once,
    number,
    numbers,
    schema,
    whole,
)
from qc.calculations.registry import BadInput, Calculation
from qc.calculations.statistics import mean as mean_of
from qc.calculations.statistics import root, variance

_OPEN_FRACTION = {**NUMBER, "description": "a fraction above 0 and below 1"}
_NODES, _WEIGHTS = numpy.polynomial.legendre.leggauss(400)


def _fraction(field: str, given) -> float:
    """Return a fraction between 0 and 1 that is still one as a double."""
    value = float(number(field, given, above=0, below=1))
    if not 1e-12 <= value <= 1 - 1e-12:
        raise BadInput(field, f"{field} is too close to 0 or 1 to be computed with.")
    return value


# Tolerance -----------------------------------------------------------------------------------


def tolerance(
    confidence, coverage, sides, n=None, mean=None, sd=None, values=None, method=None
) -> dict:
    sides = whole("sides", sides, least=1, most=2)
    method = choice("method", method, "exact", "howe") if method is not None else "exact"
    if sides == 1 and method == "howe":
        raise BadInput("method", "Howe's approximation is two-sided; one-sided is always exact.")
    confidence, coverage = _fraction("confidence", confidence), _fraction("coverage", coverage)
    count, centre, spread = _sample(n, mean, sd, values)
    if sides == 1:
        k = one_sided_factor(count, confidence, coverage)
    elif method == "howe":
        k = howe_factor(count, confidence, coverage)
    else:
        k = two_sided_factor(count, confidence, coverage)
    return {"k": k, "lower": centre - k * spread, "upper": centre + k * spread, "method": method}


def _sample(n, mean, sd, values) -> tuple[int, float, float]:
    given_once(values=values, n=n)
    if values is None:
        for name, given in (("mean", mean), ("sd", sd)):
            if given is None:
                raise BadInput(name, f"{name} is needed beside n.", "required")
        count = whole("n", n, least=2, most=1_000_000)
        return count, float(number("mean", mean)), float(number("sd", sd, above=0))
    if mean is not None or sd is not None:
        raise BadInput("values", "Give values, or n, mean and sd; not both.")
    points = numbers("values", values, count=2)
    spread = root(variance(points))
    if not spread:
        raise BadInput("values", "All values are equal: there is no spread to build on.")
    return len(points), float(mean_of(points)), spread


def one_sided_factor(n: int, confidence: float, coverage: float) -> float:
    """Return k of mean − k·s: a quantile of the non-central t distribution over √n."""
    k = float(nctdtrit(n - 1, ndtri(coverage) * math.sqrt(n), confidence)) / math.sqrt(n)
    return _sound(k)


def two_sided_factor(n: int, confidence: float, coverage: float) -> float:
    """Return k of mean ± k·s by the exact integral over the sample mean (Wald and Wolfowitz).

    P(coverage) = ∫ 2 φ(t) P(χ² of n − 1 > (n − 1) r² / k²) dt over t > 0, where r² is the quantile
    of a non-central χ² with one degree of freedom and non-centrality t²/n.
    """
    t = 5 * (_NODES + 1)  # 0 to 10: beyond, the normal density is nothing
    weights = 5 * _WEIGHTS * 2 * numpy.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    squared = chndtrix(coverage, 1.0, t * t / n)

    def excess(log_k: float) -> float:
        beyond = chdtrc(n - 1, (n - 1) * squared / math.exp(2 * log_k))
        return float(weights @ beyond) - confidence

    low, high = -20.0, 1.0
    while excess(high) < 0:
        high += 1
        if high > 40:
            raise BadInput("confidence", "No factor can be computed for these.")
    return _sound(math.exp(brentq(excess, low, high, xtol=1e-14, rtol=1e-14)))


def howe_factor(n: int, confidence: float, coverage: float) -> float:
    """Return Howe's approximation of the two-sided factor (1969), without Guenther's term."""
    z = float(ndtri((1 + coverage) / 2))
    return _sound(z * math.sqrt((n - 1) * (1 + 1 / n) / float(chdtri(n - 1, confidence))))


def _sound(k: float) -> float:
    if not math.isfinite(k):
        raise BadInput("n", "No factor can be computed for these.")
    return k


# Equivalence ---------------------------------------------------------------------------------


def equivalence(
    a,
    b,
    alpha="0.05",
    margin=None,
    lower=None,
    upper=None,
    variances="welch",
    scale="difference",
) -> dict:
    choice("variances", variances, "pooled", "welch")
    as_ratio = choice("scale", scale, "difference", "log_ratio") == "log_ratio"
    alpha = float(number("alpha", alpha, above=0, below=Fraction(1, 2)))
    low, high = _limits(margin, lower, upper, as_ratio=as_ratio)
    samples = [
        numbers(name, given, count=2, **({"above": 0} if as_ratio else {}))
        for name, given in (("a", a), ("b", b))
    ]
    if all(len(set(sample)) == 1 for sample in samples):
        raise BadInput("a", "Neither group varies: without a spread nothing can be tested.")
    if as_ratio:
        samples = [[Fraction(math.log(value)) for value in sample] for sample in samples]
        low, high = math.log(low), math.log(high)
    estimate = float(mean_of(samples[0]) - mean_of(samples[1]))
    error, df = _standard_error(*samples, pooled=variances == "pooled")
    half = float(stdtrit(df, 1 - alpha)) * error
    ends = estimate, estimate - half, estimate + half
    p_lower = float(stdtr(df, -(estimate - float(low)) / error))
    p_upper = float(stdtr(df, (estimate - float(high)) / error))
    shown = [_exponential(end) for end in ends] if as_ratio else ends
    return {
        "estimate": shown[0],
        "df": df,
        "p_lower": p_lower,
        "p_upper": p_upper,
        "ci_low": shown[1],
        "ci_high": shown[2],
        "equivalent": max(p_lower, p_upper) < alpha,
    }


def _limits(margin, lower, upper, *, as_ratio: bool) -> tuple:
    if margin is not None and (lower is not None or upper is not None):
        raise BadInput("margin", "Give a margin, or a lower and an upper limit; not both.")
    if margin is not None and as_ratio:
        high = number("margin", margin, above=1)
        return 1 / high, high
    if margin is not None:
        high = number("margin", margin, above=0)
        return -high, high
    for name, given in (("lower", lower), ("upper", upper)):
        if given is None:
            raise BadInput(name, "Give a margin, or a lower and an upper limit.", "required")
    floor = {"above": 0} if as_ratio else {}
    low, high = number("lower", lower, **floor), number("upper", upper, **floor)
    if low >= high:
        raise BadInput("upper", "The upper limit must be above the lower one.")
    return low, high


def _standard_error(a, b, *, pooled: bool) -> tuple[float, float]:
    """Return the standard error of the difference of means and its degrees of freedom."""
    spread_a, spread_b = variance(a), variance(b)
    if pooled:
        df = len(a) + len(b) - 2
        common = ((len(a) - 1) * spread_a + (len(b) - 1) * spread_b) / df
        return root(common * (Fraction(1, len(a)) + Fraction(1, len(b)))), float(df)
    part_a, part_b = spread_a / len(a), spread_b / len(b)
    df = (part_a + part_b) ** 2 / (part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1))
    return root(part_a + part_b), float(df)


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        raise BadInput("a", "The ratio is beyond what a double can hold.") from None


# Success runs --------------------------------------------------------------------------------


def success_run(confidence, reliability=None, passes=None) -> dict:
    given_once(reliability=reliability, passes=passes)
    doubt = 1 - number("confidence", confidence, above=0, below=1)
    with localcontext() as context:
        context.prec = 50
        log_doubt = _decimal(doubt).ln()
        if passes is not None:
            runs = whole("passes", passes, least=1)
            return {"reliability": float((log_doubt / runs).exp())}
        reliable = number("reliability", reliability, above=0, below=1)
        runs = int((log_doubt / _decimal(reliable).ln()).to_integral_value("ROUND_CEILING"))
        # Logarithms may miss a whole number by their last digit: ask the powers themselves.
        if runs > 1 and _decimal(reliable) ** (runs - 1) <= _decimal(doubt):
            runs -= 1
    return {"runs": max(runs, 1)}


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


_BOTH = {"n": 10, "mean": 92, "sd": "2.5", "confidence": "0.95", "coverage": "0.95"}
_TOST = {"a": [42, 40, 44, 41, 43], "b": [41, 39, 42, 40, 43], "margin": 5, "alpha": "0.05"}

CALCULATIONS = (
    Calculation(
        name="tolerance-interval",
        version="1",
        formula=(
            "mean ± k·sd. One side: k = t'(confidence; n − 1, z√n) / √n, both bounds given. Two "
            "sides: the exact integral over the sample mean, or Howe's approximation by name"
        ),
        source="ISO 16269-6; Howe W. G., J. Am. Stat. Assoc. 64 (1969) 610-620",
        inputs=schema(
            ["confidence", "coverage", "sides"],
            n={"type": "integer", "minimum": 2},
            mean=NUMBER,
            sd=POSITIVE,
            values={**NUMBERS, "minItems": 2},
            confidence=_OPEN_FRACTION,
            coverage=_OPEN_FRACTION,
            sides={"type": "integer", "enum": [1, 2]},
            method={"type": "string", "enum": ["exact", "howe"], "default": "exact"},
        ),
        example={
            "inputs": {**_BOTH, "sides": 2},
            "output": tolerance(**_BOTH, sides=2),
        },
        function=tolerance,
    ),
    Calculation(
        name="equivalence",
        version="1",
        formula=(
            "two one-sided t tests; interval of confidence 1 − 2·alpha; log_ratio: on logarithms, "
            "limits, estimate and interval as ratios of geometric means; a margin m then means "
            "1/m to m"
        ),
        source="Schuirmann D. J., J. Pharmacokinet. Biopharm. 15 (1987) 657-680",
        inputs=schema(
            ["a", "b"],
            a={**NUMBERS, "minItems": 2},
            b={**NUMBERS, "minItems": 2},
            margin=POSITIVE,
            lower=NUMBER,
            upper=NUMBER,
            alpha={**NUMBER, "description": "above 0, below 0.5", "default": "0.05"},
            variances={"type": "string", "enum": ["pooled", "welch"], "default": "welch"},
            scale={
                "type": "string",
                "enum": ["difference", "log_ratio"],
                "default": "difference",
            },
        ),
        example={
            "inputs": {**_TOST, "variances": "pooled", "scale": "difference"},
            "output": equivalence(**_TOST, variances="pooled"),
        },
        function=equivalence,
    ),
    Calculation(
        name="success-run",
        version="1",
        formula="runs = ln(1 − confidence) / ln(reliability), rounded up; or reliability from runs",
        source="success run theorem (binomial without a failure)",
        inputs=schema(
            ["confidence"],
            confidence=_OPEN_FRACTION,
            reliability=_OPEN_FRACTION,
            passes={"type": "integer", "minimum": 1},
        ),
        example={
            "inputs": {"confidence": "0.95", "reliability": "0.90"},
            "output": {"runs": 29},
        },
        function=success_run,
    ),
)
