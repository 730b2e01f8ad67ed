"""The ONE function that judges a value against a criterion.

Rounding first, and once: half up in decimal arithmetic to the criterion's decimals (USP General
Notices 7.20), then the comparison, strict limits too: 70.4 against `> 70` is 70 and fails. Half up
means away from zero, so -2.5 becomes -3.

A censored value (`<0.50`) keeps its text as reportable and stands for every number it allows. It
passes if all of them would, fails if the value as stated contradicts the limit, and is inconclusive
in between: `<5` passes `< 5` and leaves `<= 4.9` open.

Words pass by being the expected words. Interim or unclear words are inconclusive, and so are the
expected words with something added (`no growth after 3 days`) and words where a number is asked for
or a number where words are. Nothing passes by default.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from qc.calculations.criteria import Criterion, NotACriterion, parse_criterion
from qc.calculations.values import NotAValue, Value, parse_value, plain_words

PASS, FAIL, INCONCLUSIVE, REPORT_ONLY = "pass", "fail", "inconclusive", "report_only"
ROUNDINGS = ("usp",)

# Wide enough for every value and limit that the parsers let through: nothing is ever cut off.
_EXACT = Context(prec=200, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is reported, and what it means: pass, fail, inconclusive or report_only."""

    reportable: str
    verdict: str


def judge(value: str, criterion: str, rounding: str = "usp") -> Judgement:
    """Judge one value. Raises NotAValue or NotACriterion, each with a plain sentence."""
    if rounding not in ROUNDINGS:
        raise NotACriterion(f"{rounding} is not a rounding rule. Known: {', '.join(ROUNDINGS)}.")
    return judge_parsed(parse_value(value), parse_criterion(criterion))


def judge_parsed(value: Value, criterion: Criterion) -> Judgement:
    """Judge what the parsers have understood, for callers with many values and few criteria."""
    if criterion.is_report:
        return Judgement(value.text, REPORT_ONLY)
    if not criterion.is_numeric:
        return Judgement(value.text, _words_verdict(value, criterion.expected))
    if value.number is None:
        return Judgement(value.text, INCONCLUSIVE)
    if value.qualifier:
        return Judgement(value.text, _censored_verdict(value, criterion))
    rounded = round_half_up(value.number, criterion.decimals)
    return Judgement(f"{rounded:f}", PASS if criterion.accepts(rounded) else FAIL)


def round_half_up(number: Decimal, decimals: int) -> Decimal:
    """Return the number with so many decimals. Halves go away from zero; zero has no sign."""
    rounded = number.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    return rounded.copy_abs() if rounded.is_zero() else rounded


def _words_verdict(value: Value, expected: str) -> str:
    if value.number is not None:
        return INCONCLUSIVE
    words = plain_words(value.text)
    if words == expected:
        return PASS
    if value.is_unclear or words.startswith(expected):
        return INCONCLUSIVE
    return FAIL


def _censored_verdict(value: Value, criterion: Criterion) -> str:
    if value.qualifier in {"<", "<="}:
        return _below_verdict(value.number, value.qualifier == "<", criterion)
    # `>b` against a criterion is `<-b` against the criterion seen in a mirror.
    mirrored = Criterion(
        criterion.text,
        lower=None if criterion.upper is None else -criterion.upper,
        upper=None if criterion.lower is None else -criterion.lower,
        lower_strict=criterion.upper_strict,
        upper_strict=criterion.lower_strict,
        decimals=criterion.decimals,
    )
    return _below_verdict(-value.number, value.qualifier == ">", mirrored)


def _below_verdict(bound: Decimal, is_open: bool, criterion: Criterion) -> str:
    """Judge all numbers below a bound (the bound itself among them unless `is_open`)."""
    lower, upper = criterion.lower, criterion.upper
    if lower is not None:
        touches = bound > lower or (bound == lower and not is_open and not criterion.lower_strict)
        # Reaching down without end, the numbers never all lie above a lower limit.
        return INCONCLUSIVE if touches else FAIL
    if criterion.upper_strict:
        conforms = bound < upper or (bound == upper and is_open)
    else:
        # Whatever rounds to the limit meets it: all below half a unit above it, not that itself.
        half_above = upper + Decimal(5).scaleb(-criterion.decimals - 1)
        conforms = round_half_up(bound, criterion.decimals) <= upper
        conforms = conforms or (is_open and bound == half_above)
    return PASS if conforms else INCONCLUSIVE


__all__ = [
    "FAIL",
    "INCONCLUSIVE",
    "PASS",
    "REPORT_ONLY",
    "Judgement",
    "NotACriterion",
    "NotAValue",
    "judge",
    "judge_parsed",
    "parse_criterion",
    "parse_value",
    "round_half_up",
]
