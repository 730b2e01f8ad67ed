"""The one function that judges. The oracle below is written apart from it, with fractions."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from qc.calculations.criteria import NotACriterion, parse_criterion
from qc.calculations.judge import judge, parse_value
from qc.calculations.values import NotAValue

pytestmark = pytest.mark.statement("U-03")


@pytest.mark.parametrize(
    ("value", "criterion", "reportable", "verdict"),
    [
        ("98.0", ">= 98.0", "98.0", "pass"),
        ("97.95", ">= 98.0", "98.0", "pass"),
        ("97.949", ">= 98.0", "97.9", "fail"),
        ("70.4", "> 70", "70", "fail"),
        ("70.5", "> 70", "71", "pass"),
        ("101.55", "<= 101.5", "101.6", "fail"),
        ("101.549999", "<= 101.5", "101.5", "pass"),
        ("4.5", "< 5", "5", "fail"),
        ("4.4", "< 5", "4", "pass"),
        ("2.675", "<= 2.67", "2.68", "fail"),
        ("6.85", "6.9 - 7.8", "6.9", "pass"),
        ("7.85", "6.9 - 7.8", "7.9", "fail"),
        ("7.849", "6.9-7.8", "7.8", "pass"),
        ("1.855", "1.8 – 1.85", "1.86", "fail"),
        ("-2.5", "-3 - -2", "-3", "pass"),
        ("-3.5", "-3--2", "-4", "fail"),
        ("-0.04", ">= 0.0", "0.0", "pass"),
        ("95", "≥ 80", "95", "pass"),
        ("81", "≤ 80", "81", "fail"),
        ("3.1e8", ">= 1e8", "310000000", "pass"),
        ("2e5", "< 2e5", "200000", "fail"),
        ("5.4", "= 5", "5", "pass"),
        ("5.5", "= 5", "6", "fail"),
        ("95", ">= 98.0", "95.0", "fail"),
        (" 99 ", ">= 98.0", "99.0", "pass"),
    ],
)
def test_a_number_is_rounded_half_up_once_and_then_compared(value, criterion, reportable, verdict):
    judgement = judge(value, criterion)

    assert (judgement.reportable, judgement.verdict) == (reportable, verdict)


@pytest.mark.parametrize(
    ("value", "criterion", "verdict"),
    [
        ("<0.50", "<= 1.0", "pass"),
        ("<2.0", "<= 1.0", "inconclusive"),
        (">100", "<= 80", "fail"),
        ("<5", "< 5", "pass"),
        ("<5.4", "< 5", "inconclusive"),
        ("<=5", "< 5", "inconclusive"),
        ("<5", "<= 4.9", "inconclusive"),
        (">100", ">= 80", "pass"),
        (">100", "> 100", "pass"),
        (">=100", "> 100", "inconclusive"),
        ("<0.5", ">= 1", "fail"),
        ("<1.0", ">= 1.0", "fail"),
        ("<=1.0", ">= 1.0", "inconclusive"),
        (">80", "<= 80", "fail"),
        ("<1.04", "<= 1.0", "pass"),
        ("<1.05", "<= 1.0", "pass"),
        ("<=1.05", "<= 1.0", "inconclusive"),
        ("<1.06", "<= 1.0", "inconclusive"),
        (">79.5", ">= 80", "pass"),
        (">79.4", ">= 80", "inconclusive"),
        (">2e6", ">= 1e6", "pass"),
        ("< 0.50", "<= 1.0", "pass"),
        ("≤0.50", "<= 1.0", "pass"),
        ("<5", "6.9 - 7.8", "fail"),
        ("<7", "6.9 - 7.8", "inconclusive"),
        (">8", "6.9 - 7.8", "fail"),
        (">7", "6.9 - 7.8", "inconclusive"),
        (">7", "= 7", "fail"),
        ("<8", "= 7", "inconclusive"),
    ],
)
def test_a_censored_value_passes_only_if_all_that_it_allows_would(value, criterion, verdict):
    judgement = judge(value, criterion)

    assert judgement.verdict == verdict
    assert judgement.reportable == value


@pytest.mark.parametrize(
    ("value", "criterion", "verdict"),
    [
        ("no growth", "= no growth", "pass"),
        ("No  Growth", "= no growth", "pass"),
        ("growth", "= no growth", "fail"),
        ("no growth to date", "= no growth", "inconclusive"),
        ("no growth to date day 7", "= no growth", "inconclusive"),
        ("no growth after 3 days", "= no growth", "inconclusive"),
        ("no-growth-to-date", "= no growth", "inconclusive"),
        ("indeterminate", "= not detected", "inconclusive"),
        ("Equivocal", "= not detected", "inconclusive"),
        ("suspected growth", "= no growth", "inconclusive"),
        ("growth?", "= no growth", "inconclusive"),
        ("pending", "= no growth", "inconclusive"),
        ("n.d.", "= not detected", "inconclusive"),
        ("N/A", "= not detected", "inconclusive"),
        ("not detected", "= not detected", "pass"),
        ("detected", "= not detected", "fail"),
        ("no suspicious cells", "= no suspicious cells", "pass"),
        ("0", "= no growth", "inconclusive"),
        ("<1", "= no growth", "inconclusive"),
        ("no growth", ">= 98.0", "inconclusive"),
        ("<LLOQ", "<= 1.0", "inconclusive"),
        ("indeterminate", "<= 1.0", "inconclusive"),
        ("12.5", "report", "report_only"),
        ("<0.5", "report", "report_only"),
        ("opaque", "Report", "report_only"),
    ],
)
def test_words_pass_only_by_being_the_expected_words(value, criterion, verdict):
    judgement = judge(value, criterion)

    assert judgement.verdict == verdict
    assert judgement.reportable == value


@pytest.mark.parametrize(
    "value",
    [
        "12,5",
        "1,204",
        "1,204.5",
        "NaN",
        "sNaN",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "1e999999999",
        "1e41",
        "1e-41",
        "0e999",
        "＜1",
        "１２",
        "٣",
        "5²",
        "½",
        "1\u200b2",
        "1\x002",
        "−5",
        "~5",
        "±5",
        "",
        " ",
        "\t",
        "1_000",
        "12 %",
        "95%",
        "5 mL",
        "1.2.3",
        ".5",
        "5.",
        "--5",
        "+-5",
        "<",
        "==5",
        "<NaN",
        "<<5",
        "<5>",
        "5 5",
        "0x1F",
        "?",
        "-",
        "...",
        "x" * 81,
        "9" * 61,
        "null",
    ],
)
def test_what_is_no_value_is_refused_with_a_sentence(value):
    with pytest.raises(NotAValue) as refusal:
        judge(value, "report")

    assert str(refusal.value).endswith((".", "< and >."))


@pytest.mark.parametrize(
    "criterion",
    [
        "",
        " ",
        "5",
        ">",
        ">= 1,5",
        ">= x",
        "=",
        "==",
        "= <1",
        "= 1,5",
        "= NaN",
        "=> 5",
        "<> 5",
        "7.8 - 6.9",
        "6.9 - 7.8 - 9",
        "1.8 +- 0.2",
        ">= 1e999",
        ">= NaN",
        "between 5 and 6",
        "report result",
        "= no growth to date",
        "= indeterminate",
        "= pending",
        "= growth?",
        "＞ 5",
        ">= ５",
        "x" * 121,
        ">= 1e-30",
        "no growth",
        ">= 5 %",
        "> 5 < 7",
        "= ＜1",
    ],
)
def test_what_is_no_criterion_is_refused_with_a_sentence(criterion):
    with pytest.raises(NotACriterion) as refusal:
        judge("5", criterion)

    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    "value", ["no\u200bgrowth", "no growth\x00", "ｎｏ growth", "no\u202egrowth", "no\xa0growth"]
)
def test_words_with_look_alikes_or_invisible_characters_are_refused(value):
    with pytest.raises(NotAValue, match=r"only looks like|invisible"):
        judge(value, "= no growth")


@pytest.mark.parametrize("value", [None, 5, 5.0, True, [], {}])
def test_only_text_is_judged(value):
    with pytest.raises(NotAValue):
        judge(value, "report")
    with pytest.raises(NotACriterion):
        judge("5", value)


def test_an_unknown_rounding_rule_is_refused():
    with pytest.raises(NotACriterion, match="bankers is not a rounding rule"):
        judge("5", ">= 5", "bankers")


# The oracle: integers and fractions only, no Decimal, no shared code.


def oracle(value: str, criterion: str) -> tuple[str, str]:
    sign, limit_text = criterion.split(" ", 1)
    limit_texts = limit_text.split(" - ") if sign == "in" else [limit_text]
    decimals = max(len(text.partition(".")[2]) for text in limit_texts)
    limits = [Fraction(text) for text in limit_texts]
    exact = Fraction(value)
    scaled = abs(exact) * 10**decimals
    whole = math.floor(scaled + Fraction(1, 2))
    rounded = Fraction(whole, 10**decimals) * (-1 if exact < 0 else 1)
    ok = {
        ">=": lambda: rounded >= limits[0],
        ">": lambda: rounded > limits[0],
        "<=": lambda: rounded <= limits[0],
        "<": lambda: rounded < limits[0],
        "in": lambda: limits[0] <= rounded <= limits[-1],
    }[sign]()
    digits = str(whole).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return ("-" if rounded < 0 else "") + text, "pass" if ok else "fail"


def numbers(max_decimals=6):
    return st.builds(
        lambda whole, decimals: (
            f"{'-' if whole < 0 else ''}{abs(whole) // 10**decimals}"
            + (f".{abs(whole) % 10**decimals:0{decimals}d}" if decimals else "")
        ),
        st.integers(-(10**9), 10**9),
        st.integers(0, max_decimals),
    )


SIGNS = st.sampled_from([">=", ">", "<=", "<"])


@given(numbers(), SIGNS, numbers(3))
@example("0.5", ">", "0")
@example("-0.5", "<=", "-1")
@example("2.675", "<=", "2.67")
def test_it_agrees_with_an_oracle_of_fractions(value, sign, limit):
    judgement = judge(value, f"{sign} {limit}")

    assert (judgement.reportable, judgement.verdict) == oracle(value, f"{sign} {limit}")


@given(numbers(), numbers(3), numbers(3))
def test_a_range_agrees_with_an_oracle_of_fractions(value, one, other):
    low, high = sorted([one, other], key=Fraction)

    judgement = judge(value, f"{low} - {high}")

    assert (judgement.reportable, judgement.verdict) == oracle(value, f"in {low} - {high}")


@given(numbers(), numbers(), SIGNS, numbers(3))
def test_a_better_number_never_turns_a_pass_into_a_fail(one, other, sign, limit):
    low, high = sorted([one, other], key=Fraction)
    worse, better = (low, high) if ">" in sign else (high, low)
    assume(judge(worse, f"{sign} {limit}").verdict == "pass")

    assert judge(better, f"{sign} {limit}").verdict == "pass"


@given(numbers(), SIGNS, numbers(3))
def test_judging_what_was_reported_changes_nothing(value, sign, limit):
    first = judge(value, f"{sign} {limit}")

    assert judge(first.reportable, f"{sign} {limit}") == first


@given(st.integers(-999, 999), st.integers(-12, 12), SIGNS, numbers(3))
def test_the_two_ways_to_write_a_number_are_judged_alike(digits, exponent, sign, limit):
    scientific = f"{digits}e{exponent}"
    exact = Fraction(digits) * Fraction(10) ** exponent
    plain = f"{'-' if exact < 0 else ''}{abs(exact.numerator) * 10**12 // exact.denominator:013d}"
    plain = f"{plain[:-12]}.{plain[-12:]}"

    assert judge(scientific, f"{sign} {limit}") == judge(plain, f"{sign} {limit}")


@given(st.sampled_from(["<", ">", "<=", ">="]), numbers(), SIGNS, numbers(3), numbers())
def test_what_a_passing_censored_value_allows_never_contradicts_the_limit(
    qualifier, bound, sign, limit, inside
):
    value, number, edge = f"{qualifier}{bound}", Fraction(inside), Fraction(bound)
    allowed = {
        "<": number < edge,
        "<=": number <= edge,
        ">": number > edge,
        ">=": number >= edge,
    }[qualifier]
    assume(allowed)
    verdict = judge(value, f"{sign} {limit}").verdict
    raw = Fraction(limit)
    stands = {">=": number >= raw, ">": number > raw, "<=": number <= raw, "<": number < raw}[sign]

    if verdict == "pass":
        assert stands or judge(inside, f"{sign} {limit}").verdict == "pass"
    if verdict == "fail":
        assert not stands


@given(st.text(max_size=100), st.text(max_size=130))
def test_any_two_texts_are_judged_or_refused_and_never_break(value, criterion):
    for text in (criterion, ">= 98.0", "6.9 - 7.8", "= no growth", "report", f"= {criterion}"):
        try:
            judgement = judge(value, text)
        except (NotAValue, NotACriterion):
            continue
        assert judgement.verdict in {"pass", "fail", "inconclusive", "report_only"}
        assert len(judgement.reportable) <= 80


@given(st.from_regex(r"[<>=≤≥~+\-0-9.,eE ]{1,30}", fullmatch=True))
def test_text_that_is_nearly_a_number_is_judged_or_refused(text):
    for value, criterion in ((text, "> 70"), ("5", text), (text, text)):
        try:
            judge(value, criterion)
        except (NotAValue, NotACriterion):
            pass


@given(numbers(), st.sampled_from([">=", "<=", ">", "<"]))
def test_a_criterion_accepts_its_own_limit_only_if_it_is_not_strict(limit, sign):
    criterion = parse_criterion(f"{sign} {limit}")

    assert criterion.accepts(parse_value(limit).number) is ("=" in sign)
