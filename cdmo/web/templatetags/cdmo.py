"""Tags and filters for every page: statuses, links, instants, numbers, small pictures.

{% load cdmo %}
{% status_badge record.status %}            colour, icon and word from the value alone
{% status_badge record "execution" %}       the word from the record's own choices
{% record_link blocker.record %}            a link, or plain text where there is no page
{% record_link "batch" "AST-26-001" %}      by type and key
{{ at|instant:site }}                       in 3 h 12 min, 22 Nov 17:45 IST
{{ at|when:site }}                          22 Nov 17:45 IST, relative on hover
{{ value|number }}                          a decimal as stored, without trailing zeros
{% readiness_bar passed=8 waiting=3 failed=1 %}
{% band value lower upper %}                limits as a band with the value's place in it
{% sparkline values %}
{% verdict_mark verdict %}                  pass, fail, inconclusive, report only
{% changed record "title" %}                the mark of a changed value, its first one a click away
{% form_fields form %}                      every field with label, limits, error
{% field form.quantity unit="mL" %}         one field with its unit inside
"""

from datetime import date, datetime
from decimal import Decimal

from django import forms, template
from django.utils import timezone
from django.utils.html import format_html, json_script

from cdmo.accounts.roles import Role
from cdmo.web import pictures
from cdmo.web.awaiting import awaited_of
from cdmo.web.clock import exact, relative, span_of, zone_from, zone_of
from cdmo.web.history import Changes
from cdmo.web.links import page, record_url, url_of
from cdmo.web.looks import look_of, word_of

register = template.Library()


# statuses


@register.inclusion_tag("components/status_badge.html")
def status_badge(value, axis="", label="", record_type=""):
    """Draw a status. `value`: the status itself, or a record with `axis` naming its field."""
    if axis:
        record = value
        value = getattr(record, axis, "")
        record_type = record_type or getattr(record, "record_type", "")
        display = getattr(record, f"get_{axis}_display", None)
        label = label or (str(display()) if display else "")
    return {
        "look": look_of(value, record_type),
        "word": label or str(getattr(value, "label", "") or word_of(value)),
        "value": str(value or ""),
    }


@register.inclusion_tag("components/verdict_mark.html")
def verdict_mark(verdict, label=""):
    """Draw a verdict on a value. Beside it, `"was_out"` marks a value that was out before it was
    corrected and `"alert"` one outside an alert limit only: three marks, never one.
    """
    marks = {
        "pass": ("green", "check", "Passes"),
        "fail": ("red", "x", "Fails: out of specification"),
        "inconclusive": ("amber", "help", "Inconclusive"),
        "report_only": ("grey", "file-text", "Report only"),
        "alert": ("amber", "alert-triangle", "Outside the alert limit"),
        "was_out": ("amber", "rotate-clockwise", "Was out before it was corrected"),
    }
    colour, icon, word = marks.get(str(verdict or ""), ("grey", "minus", "Not judged"))
    return {"colour": colour, "icon": icon, "word": label or word, "verdict": verdict}


@register.simple_tag
def icon(name):
    """Draw one of Tabler's icons, silent to screen readers: the word stands beside it."""
    return format_html('<i class="ti ti-{}" aria-hidden="true"></i>', name)


# links


@register.simple_tag(takes_context=True)
def record_link(context, record, key=None, label=""):
    """Link to a record, a Ref, a Blocker's record, or a type and key. No page: plain text."""
    portal = bool(context.get("is_portal"))
    if record is None or record == "":
        return ""
    if key is not None:
        url, text = record_url(str(record), key, portal=portal), str(key)
    elif isinstance(record, dict):
        text = str(record.get("record") or record.get("key") or "")
        url = record_url(record.get("record_type", ""), text, portal=portal)
    elif isinstance(record, str):
        return record
    else:
        url, text = url_of(record, portal=portal), str(getattr(record, "key", record))
    text = label or text
    if not url:
        return format_html('<span class="key">{}</span>', text) if text else ""
    return format_html('<a class="key" href="{}">{}</a>', url, text)


@register.simple_tag(takes_context=True)
def record_address(context, record, key=None):
    """Return the address alone, "" when there is no page."""
    portal = bool(context.get("is_portal"))
    if key is not None:
        return record_url(str(record), key, portal=portal)
    return url_of(record, portal=portal)


# history


@register.inclusion_tag("components/changed.html", takes_context=True)
def changed(context, record, field):
    """Mark a value that was changed after it was first entered: {% changed record "title" %}.

    Nothing is drawn, and nothing asked, where the page has no `changes` (a sponsor's page).
    """
    changes = context.get("changes")
    change = changes.of(record, field) if isinstance(changes, Changes) else None
    times = f"{change.times} times" if change and change.times != 1 else "once"
    return {"change": change, "times": "twice" if times == "2 times" else times, **_zone(context)}


def _zone(context) -> dict:
    return {"zone": context.get("zone")}


@register.inclusion_tag("components/awaited.html")
def awaits(record):
    """Say which signatures a record waits for, and whose role must give them."""
    return {"awaited": awaited_of(record)}


@register.simple_tag
def history_address(record):
    """Return the address of a record's history, "" for what is kept without one."""
    record_type = getattr(record, "record_type", "")
    if not record_type or not getattr(record, "pk", None):
        return ""
    return page("web:history", record_type=record_type, key=record.pk)


# time


@register.filter
def instant(at, site=None):
    """Show an instant relative and exact, on the site's clock."""
    return _time(at, site, "{rel}, {exact}", "both")


@register.filter
def when(at, site=None):
    """Show an instant exactly, on the site's clock; how long ago on hover."""
    return _time(at, site, "{exact}", "exact")


@register.filter
def ago(at, site=None):
    """Show how long ago (or how soon); exactly on hover."""
    return _time(at, site, "{rel}", "rel")


def _time(at, site, form, mode):
    if at is None or at == "":
        return format_html('<span class="none">{}</span>', "—")
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at.replace("Z", "+00:00"))
        except ValueError:
            return at
    if not isinstance(at, datetime):
        return day(at)
    now, zone = timezone.now(), zone_from(site)
    words = {"rel": relative(at, now), "exact": exact(at, zone, now)}
    return format_html(
        '<time datetime="{}" data-time="{}" data-exact="{}" title="{}">{}</time>',
        at.isoformat(),
        mode,
        words["exact"],
        f"{words['rel']} · {words['exact']}",
        form.format(**words),
    )


@register.filter
def day(on):
    """Show a calendar day: 22 Nov 2026."""
    if isinstance(on, datetime):
        on = on.date()
    return f"{on.day} {on:%b %Y}" if isinstance(on, date) else "—"


@register.filter
def countdown(at, site=None):
    """Show what is left until an instant, with how pressing it is: late red, a day amber."""
    if at is None:
        return format_html('<span class="none">{}</span>', "—")
    now = timezone.now()
    left = (at - now).total_seconds()
    colour = "red" if left <= 0 else "amber" if left < 86_400 else "grey"
    words = f"expired {relative(at, now)}" if left <= 0 else f"expires in {span_of(left)}"
    return format_html(
        '<span class="state state-{}"><i class="ti ti-clock" aria-hidden="true"></i>{}</span> '
        '<span class="text-secondary text-nowrap">{}</span>',
        colour,
        words,
        exact(at, zone_from(site), now),
    )


# numbers


@register.filter
def number(value):
    """Show a decimal with the digits it was entered with, no exponent; text stays as it is."""
    if value is None or value == "":
        return "—"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


@register.filter
def criterion(text):
    """Show a criterion as people write it: ≥ 80, ≤ 1.0, no growth."""
    text = str(text or "")
    for sign, shown in ((">=", "≥"), ("<=", "≤"), ("= ", "")):
        if text.startswith(sign):
            return f"{shown}{text[len(sign) :]}"
    return text


@register.filter
def bytes_size(value):
    """Show a size: 812 bytes, 36 kB, 1.2 MB."""
    size = int(value or 0)
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


@register.filter
def role_name(owner):
    """Show who can lift something: a role by its label, anything else as it is."""
    try:
        return Role(owner).label
    except ValueError:
        return owner


@register.filter
def verb_words(verb):
    """Show a verb of the audit trail in words: "batch.certify-conditionally", "insert"."""
    text = str(verb or "")
    if text in {"insert", "update"}:
        return {"insert": "Created", "update": "Changed"}[text]
    kind, _, rest = text.rpartition(".")
    words = f"{kind} {rest}" if kind else rest
    return words.replace("_", " ").replace("-", " ").replace(".", " ").capitalize()


@register.simple_tag(takes_context=True)
def graph_data(context, data, element_id):
    """Put a graph's nodes and edges into the page, each node with its colour and address."""
    portal = bool(context.get("is_portal"))
    nodes = [
        {
            **node,
            "colour": look_of(node.get("status"), node.get("record_type", "")).colour,
            "word": word_of(node.get("status")) if node.get("status") else "",
            "url": record_url(node.get("record_type", ""), node.get("key"), portal=portal),
        }
        for node in data.get("nodes", ())
    ]
    return json_script({"nodes": nodes, "edges": list(data.get("edges", ()))}, f"{element_id}-data")


# small pictures


register.inclusion_tag("components/readiness_bar.html")(pictures.readiness_bar)
register.inclusion_tag("components/band.html")(pictures.band)
register.inclusion_tag("components/sparkline.html")(pictures.sparkline)


# forms


CHECKS = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple)


def dressed(bound):
    """Return a field's widget with the classes and references that it needs."""
    widget = bound.field.widget
    attrs = {}
    if isinstance(widget, CHECKS):
        attrs["class"] = "form-check-input"
    elif isinstance(widget, forms.Select):
        attrs["class"] = "form-select"
    else:
        attrs["class"] = "form-control"
    given = widget.attrs.get("class", "")
    attrs["class"] = f"{given} {attrs['class']}".strip()
    described = []
    if bound.help_text:
        described.append(f"{bound.id_for_label}_help")
    if bound.errors:
        attrs["class"] += " is-invalid"
        attrs["aria-invalid"] = "true"
        described.append(f"{bound.id_for_label}_error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return bound.as_widget(attrs=attrs)


@register.inclusion_tag("components/field.html")
def field(bound, unit="", limits=""):
    """Draw one field: label above, unit inside, limits and help under it, error beside it."""
    widget = bound.field.widget
    return {
        "field": bound,
        "control": dressed(bound),
        "unit": unit or widget.attrs.get("data-unit", ""),
        "limits": limits or widget.attrs.get("data-limits", ""),
        "is_checkbox": isinstance(widget, forms.CheckboxInput),
        "is_group": isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)),
        "is_password": isinstance(widget, forms.PasswordInput),
        "optional": not bound.field.required and not isinstance(widget, forms.CheckboxInput),
    }


@register.inclusion_tag("components/form.html")
def form_fields(form, skip=""):
    """Draw errors summed up on top, then every field but those in `skip` (comma-separated)."""
    left_out = {name.strip() for name in skip.split(",")}
    return {
        "form": form,
        "hidden": form.hidden_fields(),
        "fields": [bound for bound in form.visible_fields() if bound.name not in left_out],
        "broken": [bound for bound in form.visible_fields() if bound.errors],
    }


# tables


@register.simple_tag
def column_value(column, record):
    return column.of(record)


@register.simple_tag
def row_zone(record):
    """Return the clock of a row's site, for lists over several sites."""
    return zone_of(record)


@register.simple_tag
def column_word(column, record):
    """Return the label of a status column's value as its record spells it."""
    display = getattr(record, f"get_{column.value or column.name}_display", None)
    return str(display()) if display else ""


@register.filter
def get(mapping, key):
    """Look a key up in a mapping."""
    return mapping.get(key) if mapping else None
