"""What may stand in a result: a number, a censored number, or words. Everything else is refused.

Strict on purpose. `12,5` may be twelve and a half or a slip of the finger, `1e999` hangs a
computer, `＜1` only looks like `<1`: each gets a sentence that says what to write instead.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

MAX_LENGTH = 80
# No measurement in a laboratory leaves this range, and rounding to it stays cheap.
MAX_MAGNITUDE = 40
MAX_DIGITS = 60

NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
_CENSORED = re.compile(rf"(<=|>=|<|>|≤|≥)?\s*({NUMBER})")
_WRITTEN_LIKE_A_NUMBER = re.compile(r"[<>=≤≥~≈±+\-−–—\s]*[.,]?[0-9]")
_NO_NUMBERS = {"nan", "snan", "inf", "infinity", "null"}
_ONE_SIGN = {"≤": "<=", "≥": ">="}

# Words of a result that is not final yet. No criterion may ask for one of these.
INTERIM = re.compile(
    r"\b(?:to date|so far|as yet|interim|preliminary|provisional|pending|awaiting|awaited|ongoing"
    r"|in progress|in incubation|incubating|indeterminate|inconclusive|equivocal|ambiguous"
    r"|borderline|not determined|not tested|not done|not reported|no result|to be confirmed)\b|\?"
)
# Words that leave the outcome open in a result, though a criterion may deny them by name.
UNCLEAR = re.compile(
    r"\b(?:unclear|uncertain|unknown|doubtful|questionable|suspect|suspected|suspicious"
    r"|presumptive|presumed|possible|possibly|probable|probably|invalid|not determinable"
    r"|not performed|not evaluable|not interpretable|no data|tbc|tbd|nd|na|lloq|uloq|lod|loq)\b"
    r"|\bn\.\s?[da]\."
)


class NotAValue(ValueError):
    """The text is no result; the message says why, in a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A result as understood: `number` (with `qualifier` <, <=, >, >= when censored) or words."""

    text: str
    number: Decimal | None = None
    qualifier: str = ""

    @property
    def is_unclear(self) -> bool:
        """Whether the words are interim or leave the outcome open."""
        return self.number is None and is_unclear(self.text)


def is_interim(text: str) -> bool:
    """Whether words say that the result is not final: `no growth to date`, `indeterminate`."""
    return bool(INTERIM.search(re.sub(r"[-_/]", " ", plain_words(text))))


def is_unclear(text: str) -> bool:
    """Whether words are interim or leave the outcome open in some other way: `suspected growth`."""
    words = plain_words(text)
    return is_interim(words) or bool(UNCLEAR.search(re.sub(r"[-_]", " ", words))) or words == "n/a"


def plain_words(text: str) -> str:
    """Return words as they are compared: lower case, single blanks."""
    return " ".join(text.split()).casefold()


def parse_value(text: str) -> Value:
    """Return what a result says, or raise NotAValue with the sentence that says why not."""
    if not isinstance(text, str):
        raise NotAValue("A value must be given as text or as a number.")
    stripped = text.strip(" \t\r\n")
    if not stripped:
        raise NotAValue("The value is empty.")
    if len(stripped) > MAX_LENGTH:
        raise NotAValue(f"The value is longer than {MAX_LENGTH} characters.")
    _refuse_look_alikes(stripped)
    if match := _CENSORED.fullmatch(stripped):
        qualifier = match[1] or ""
        return Value(stripped, parse_number(match[2]), _ONE_SIGN.get(qualifier, qualifier))
    if _WRITTEN_LIKE_A_NUMBER.match(stripped):
        raise NotAValue(_why_no_number(stripped))
    words = plain_words(stripped)
    if words.strip("+-<>=≤≥ ") in _NO_NUMBERS:
        raise NotAValue(f"{stripped} is not a number. Say in words why there is no value.")
    if not any(character.isalpha() for character in stripped):
        raise NotAValue(f"{stripped} is neither a number nor a word.")
    return Value(stripped)


def parse_number(text: str) -> Decimal:
    """Return a number written in ASCII digits; NotAValue if it is beyond any measurement."""
    number = Decimal(text)
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise NotAValue(f"{text} has more than {MAX_DIGITS} digits.")
    if abs(number.adjusted()) > MAX_MAGNITUDE:
        raise NotAValue(f"{text} is beyond anything that can be measured.")
    return number


def _refuse_look_alikes(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    for character in composed:
        category = unicodedata.category(character)
        is_foreign_digit = character.isnumeric() and not character.isascii()
        # The micro sign is the one compatibility form that people type on purpose.
        looks_like_another = unicodedata.normalize("NFKC", character) != character
        if category in {"Cc", "Cf", "Co", "Cs", "Cn"}:
            raise NotAValue("The value holds an invisible character. Type it again.")
        if is_foreign_digit or (looks_like_another and character != "µ"):
            raise NotAValue(
                f"The value holds {character}, which only looks like an ordinary character. "
                "Type it with the plain digits 0-9 and the plain signs < and >."
            )


def _why_no_number(text: str) -> str:
    if "," in text:
        return f"{text} is not a number: write a decimal point, and no thousands signs."
    if re.search(r"[eE][+-]?[0-9]{4,}$", text):
        return f"{text} is beyond anything that can be measured."
    if "%" in text or re.search(r"[0-9]\s*[A-Za-zµ]", text):
        return f"{text} is not a number: leave out the unit, it belongs to the test."
    if re.search(r"[~≈±]", text):
        return f"{text} is not one value: write the number itself, or < or > before it."
    if re.search(r"[−–—]", text):
        return f"{text} is not a number: write the minus sign as -."
    if re.search(r"(?<![0-9])\.[0-9]|[0-9]\.(?![0-9])", text):
        return f"{text} is not a number: write a digit before and after the decimal point."
    return f"{text} is not a number."
