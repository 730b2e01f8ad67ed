"""Statuses look the same everywhere, and times, numbers and limits are never alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.template import Context, Template

from cdmo.web.looks import UNKNOWN, look_of

NOW = datetime(2026, 11, 22, 12, 33, tzinfo=UTC)
STATES = {
    "status",
    "execution",
    "disposition",
    "inventory",
    "custody",
    "verdict",
    "classification",
    "outcome",
}


def shown(text, **values) -> str:
    return Template("{% load cdmo %}" + text).render(Context(values))


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def statuses():
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.name in STATES and field.choices:
                for value, _ in field.flatchoices:
                    yield pytest.param(
                        getattr(model, "record_type", ""), value, id=f"{model.__name__}.{value}"
                    )


@pytest.mark.parametrize(("record_type", "value"), [*statuses()])
def test_every_status_of_every_record_has_a_look(record_type, value):
    assert look_of(value, record_type) != UNKNOWN or value == ""


def test_an_unknown_status_is_drawn_and_never_an_error():
    assert "Half done" in shown("{% status_badge value %}", value="half_done")


def test_a_status_is_colour_and_icon_and_word():
    badge = shown('{% status_badge "released" %}')

    assert "state-green" in badge
    assert "ti-circle-check" in badge
    assert "Released" in badge


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + timedelta(hours=3, minutes=12), "in 3 h 12 min, 22 Nov 17:45 IST"),
        (NOW - timedelta(minutes=5), "5 min ago, 22 Nov 14:28 IST"),
        (NOW + timedelta(seconds=20), "now, 22 Nov 14:33 IST"),
        (NOW - timedelta(days=400), "13 months ago, 18 Oct 2025 15:33 IDT"),
        (NOW + timedelta(hours=30), "in 1 d 6 h, 23 Nov 20:33 IST"),
    ],
)
def test_an_instant_is_relative_and_exact_on_the_sites_clock(now, at, words):
    assert f">{words}</time>" in shown('{{ at|instant:"Asia/Jerusalem" }}', at=at)


def test_an_instant_without_a_clock_or_with_nonsense_is_still_shown(now):
    assert "22 Nov 12:33 UTC" in shown("{{ at|when }}", at=NOW)
    assert "22 Nov 12:33 UTC" in shown('{{ at|when:"Atlantis" }}', at=NOW)
    assert "—" in shown("{{ at|instant }}", at=None)


@pytest.mark.parametrize(
    ("left", "colour", "words"),
    [
        (timedelta(days=4), "grey", "expires in 4 days"),
        (timedelta(hours=5), "amber", "expires in 5 h"),
        (timedelta(hours=-2), "red", "expired 2 h ago"),
    ],
)
def test_a_countdown_says_how_pressing_it_is(now, left, colour, words):
    text = shown("{{ at|countdown }}", at=NOW + left)

    assert f"state-{colour}" in text
    assert words in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("412.50"), "412.50"),
        (Decimal("1E+3"), "1000"),
        ("<0.50", "&lt;0.50"),
        (None, "—"),
    ],
)
def test_a_decimal_is_shown_as_entered_and_without_an_exponent(value, text):
    assert shown("{{ value|number }}", value=value) == text


def test_three_marks_tell_out_of_specification_alert_and_corrected_apart():
    marks = {shown("{% verdict_mark v %}", v=v) for v in ("fail", "alert", "was_out")}

    assert len(marks) == 3
    assert all("visually-hidden" in mark for mark in marks)


def test_a_band_says_in_words_whether_the_value_is_inside():
    assert "37.2 Cel is within" in shown('{% band "37.2" 36 38 "Cel" %}')
    assert "39.4 Cel is outside" in shown('{% band "39.4" 36 38 "Cel" %}')
    assert shown('{% band "opaque" 36 38 %}').strip() == ""


def test_a_readiness_bar_has_its_numbers_in_text():
    bar = shown("{% readiness_bar passed=8 waiting=3 failed=1 %}")

    assert "8 passed, 3 waiting, 1 failed of 12 checks" in bar
    assert "not checked yet" in shown("{% readiness_bar %}")


@pytest.mark.parametrize(
    ("stored", "read"), [(">= 98.0", "≥ 98.0"), ("<= 1.0", "≤ 1.0"), ("= no growth", "no growth")]
)
def test_a_criterion_reads_as_people_write_it(stored, read):
    assert shown("{{ c|criterion }}", c=stored) == read
