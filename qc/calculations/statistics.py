"""Means and spreads, exact until the root is taken."""

import math
from collections.abc import Sequence
from fractions import Fraction


def total(values: Sequence[Fraction]) -> Fraction:
    """Return the sum. Over one denominator: adding fractions one by one reduces at every step."""
    if not values:
        return Fraction(0)
    denominator = math.lcm(*{value.denominator for value in values})
    return Fraction(
        sum(value.numerator * (denominator // value.denominator) for value in values), denominator
    )


def mean(values: Sequence[Fraction]) -> Fraction:
    """Return the arithmetic mean."""
    return total(values) / len(values)


def squares(values: Sequence[Fraction]) -> Fraction:
    """Return the sum of squared deviations from the mean."""
    return total([value * value for value in values]) - total(values) ** 2 / len(values)


def variance(values: Sequence[Fraction]) -> Fraction:
    """Return the sample variance (n − 1)."""
    return squares(values) / (len(values) - 1)


def root(value: Fraction) -> float:
    """Return the square root of a fraction as a double, whatever its size."""
    if value == 0:
        return 0.0
    # A variance may leave the range of a double though its root is inside: scale by a power of 4.
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(value / Fraction(4) ** shift), shift)
