"""Tables of records, declared in a few lines: tabs with counts, filters in the URL, columns,
50 rows a page, CSV and XLSX of exactly what is shown.

    class DeviationList(RecordList):
        model = Deviation
        title = "Deviations"
        select = ("batch",)
        tabs = (Tab("open", "Open", Q(status="open")), Tab("all", "All", Q()))
        filters = (Filter("product", "Product", "batch__product__code"),)
        search = ("number", "title")
        columns = (
            Column("number", "Number", kind="key", order="number"),
            Column("batch", "Batch", "batch", kind="record"),
            Column("status", "Status", kind="status"),
            Column("raised_at", "Raised", kind="instant", order="raised_at"),
        )
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.utils.dateparse import parse_date

from cdmo.records.canonical import instant
from cdmo.web.exports import as_csv, as_xlsx

PAGE = 50
EXPORT_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Tab:
    """A state tab; the first one is open when the URL names none."""

    name: str
    label: str
    where: Q
    attention: bool = False  # its count is marked when it is not zero


@dataclass(frozen=True, slots=True)
class Filter:
    """A field of the filter row. `kind`: text, choice, number (`>10`, `3-8`), since, until.

    `choices`: pairs, or a function of the request that returns them.
    """

    name: str
    label: str
    lookup: str
    kind: str = "text"
    choices: tuple | Callable = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `value`: an attribute path ("product.code") or a function of the record.

    `kind`: text, key (link to the row's record), record (link to the related record), status,
    number, instant, date, person, flag, or the name of a template under components/cells/.
    """

    name: str
    label: str
    value: str | Callable = ""
    kind: str = "text"
    order: str = ""
    hidden: bool = False  # until the reader chooses it
    help: str = ""
    options: dict = field(default_factory=dict)

    def of(self, record):
        path = self.value or self.name
        if callable(path):
            return path(record)
        for part in path.split("."):
            record = getattr(record, part, None)
            if record is None:
                return None
        return record() if callable(record) else record

    def plain(self, record) -> str:
        """Return the value for an export: text, decimals as stored, instants in UTC with Z."""
        value = self.of(record)
        if value is None:
            return ""
        if self.kind == "status":
            label = getattr(record, f"get_{(self.value or self.name)}_display", None)
            return str(label()) if label else str(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return instant(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return format(value, "f")
        return str(value)


NUMBER = r"[+-]?\d+(?:\.\d+)?"
COMPARISON = re.compile(rf"(<=|>=|<|>|=)?\s*({NUMBER})")
BETWEEN = re.compile(rf"({NUMBER})\s*(?:-|–|\.\.)\s*({NUMBER})")
SUFFIX = {"<=": "__lte", ">=": "__gte", "<": "__lt", ">": "__gt", "=": "", None: ""}


def numeric(lookup: str, text: str) -> Q | None:
    """Return the condition of `>10`, `<= 2.5`, `7` or `3-8`; None if it is none of these."""
    text = text.strip()
    try:
        if found := BETWEEN.fullmatch(text):
            low, high = Decimal(found[1]), Decimal(found[2])
            return Q(**{f"{lookup}__gte": low, f"{lookup}__lte": high})
        if found := COMPARISON.fullmatch(text):
            return Q(**{lookup + SUFFIX[found[1]]: Decimal(found[2])})
    except InvalidOperation:
        pass
    return None


class RecordListMixin:
    """The table of a list page. The view gives `get_records()`: what this person may see.

    Three queries, whatever the length: counts of all tabs, one page, and what `prefetch` adds.
    """

    model = None
    template_name = "components/list.html"
    fragment_name = "components/_list.html"
    title = ""
    lead = ""  # one sentence under the title
    select: tuple[str, ...] = ()
    prefetch: tuple = ()
    tabs: tuple[Tab, ...] = ()
    filters: tuple[Filter, ...] = ()
    search: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    ordering = ""  # of the column that sorts first, e.g. "-number"; else the model's own
    empty_title = "Nothing here yet"
    empty_text = ""  # what will stand here and who makes it
    new_url = ""  # of the button, when `may_make()`
    new_label = ""
    empty_icon = "mood-empty"
    exports = True
    # False for tables that grow for ever: no counts, and pages by "older than" instead of numbers.
    counted_pages = True

    forms = (("csv", "CSV"), ("xlsx", "XLSX"))  # in which the list may be downloaded

    @property
    def form_urls(self) -> list[tuple[str, str]]:
        return [(label, self.url_with(export=name, page=None)) for name, label in self.forms]

    def may_make(self) -> bool:
        return bool(self.new_url)

    # what the URL asks for

    @property
    def asked(self) -> dict:
        return self.request.GET.dict()

    def current_tab(self) -> Tab | None:
        wanted = self.request.GET.get("tab", "")
        return next((tab for tab in self.tabs if tab.name == wanted), next(iter(self.tabs), None))

    def shown_columns(self) -> list[Column]:
        wanted = [name for name in self.request.GET.get("columns", "").split(",") if name]
        if not wanted:
            return [column for column in self.columns if not column.hidden]
        return [column for column in self.columns if column.name in wanted]

    def filtered(self):
        """Return (records, problems): filters applied, and one sentence for each unusable one."""
        records, problems = self.get_records(), []
        for one in self.filters:
            text = self.request.GET.get(one.name, "").strip()
            if not text:
                continue
            condition = self.condition(one, text)
            if condition is None:
                problems.append(f"{one.label}: “{text[:40]}” cannot be compared.")
            else:
                records = records.filter(condition)
        words = self.request.GET.get("q", "").replace("\x00", "").split()[:6]
        for word in words:
            match = Q()
            for name in self.search:
                match |= Q(**{f"{name}__icontains": word})
            records = records.filter(match)
        return records, problems

    def condition(self, one: Filter, text: str) -> Q | None:
        if "\x00" in text:
            return None
        if one.kind == "number":
            return numeric(one.lookup, text)
        if one.kind in {"since", "until"}:
            try:
                day = parse_date(text)
            except ValueError:
                day = None
            suffix = "__date__gte" if one.kind == "since" else "__date__lte"
            return Q(**{one.lookup + suffix: day}) if day else None
        if one.kind == "choice":
            known = {str(value) for value, _ in self.choices_of(one)}
            return Q(**{one.lookup: text}) if text in known else None
        return Q(**{f"{one.lookup}__icontains": text})

    def choices_of(self, one: Filter):
        return one.choices(self.request) if callable(one.choices) else one.choices

    def order(self) -> str:
        known = {column.order for column in self.columns if column.order}
        wanted = self.request.GET.get("order", "")
        return wanted if wanted.lstrip("-") in known else self.ordering

    def counted(self, records) -> tuple[list[dict], int]:
        """Return the tabs with their counts, and how many rows the open one has: one query."""
        current = self.current_tab()
        if current is None:
            return [], records.order_by().count()
        numbers = records.order_by().aggregate(
            **{
                f"n{i}": Count("pk", filter=tab.where, distinct=True) if tab.where else Count("pk")
                for i, tab in enumerate(self.tabs)
            }
        )
        tabs = [
            {
                "tab": tab,
                "count": numbers[f"n{i}"],
                "here": tab is current,
                "url": self.url_with(tab=tab.name, page=None),
            }
            for i, tab in enumerate(self.tabs)
        ]
        return tabs, next(entry["count"] for entry in tabs if entry["here"])

    def url_with(self, **changes) -> str:
        """Return this page's address with some of its parameters changed; None takes one away."""
        kept = {name: value for name, value in self.asked.items() if value}
        kept.update({name: value for name, value in changes.items() if value is not None})
        for name, value in changes.items():
            if value is None:
                kept.pop(name, None)
        query = urlencode(kept)
        return f"{self.request.path}?{query}" if query else self.request.path

    def rows(self, records):
        """Hook: add what a page of records needs (a fixed number of queries) before it is drawn."""
        return list(records)

    def selected(self):
        records, problems = self.filtered()
        tab = self.current_tab()
        chosen = records.filter(tab.where) if tab is not None and tab.where else records
        order = self.order()
        if order:
            chosen = chosen.order_by(order, "-pk")
        if self.prefetch:
            chosen = chosen.prefetch_related(*self.prefetch)
        return records, chosen, problems

    def get(self, request, *args, **kwargs):
        if self.exports and (kind := request.GET.get("export")):
            return self.export(kind)
        return super().get(request, *args, **kwargs)

    def get_template_names(self):
        htmx = getattr(self.request, "htmx", None)
        return [self.fragment_name if htmx and htmx.target == "records" else self.template_name]

    def get_context_data(self, **kwargs):
        records, chosen, problems = self.selected()
        paged = self.by_number(records, chosen) if self.counted_pages else self.by_age(chosen)
        columns = self.shown_columns()
        return super().get_context_data(
            listing=self,
            problems=problems,
            columns=columns,
            headings=[self.heading(column) for column in columns],
            filter_fields=[self.filter_field(one) for one in self.filters],
            filtered=any(self.request.GET.get(one.name) for one in self.filters)
            or bool(self.request.GET.get("q")),
            clear_url=self.url_with(
                page=None, before=None, q=None, **{one.name: None for one in self.filters}
            ),
            may_make=self.may_make(),
            **paged,
            **kwargs,
        )

    def by_number(self, records, chosen) -> dict:
        tabs, count = self.counted(records)
        pages = max(1, -(-count // PAGE))
        page = min(self.page_number(), pages)
        start = (page - 1) * PAGE
        rows = self.rows(chosen[start : start + PAGE]) if count else []
        return {
            "tabs": tabs,
            "rows": rows,
            "span": f"{start + 1}–{start + len(rows)} of {count}",
            "previous_url": self.url_with(page=page - 1 if page > 2 else None) if page > 1 else "",
            "next_url": self.url_with(page=page + 1) if page < pages else "",
        }

    def by_age(self, chosen) -> dict:
        before = self.request.GET.get("before", "")
        chosen = chosen.order_by("-pk")
        if before.isascii() and before.isdigit() and len(before) < 19:
            chosen = chosen.filter(pk__lt=int(before))
        rows = self.rows(chosen[: PAGE + 1])
        more, rows = len(rows) > PAGE, rows[:PAGE]
        return {
            "tabs": [
                {
                    "tab": tab,
                    "count": None,
                    "here": tab is self.current_tab(),
                    "url": self.url_with(tab=tab.name, before=None),
                }
                for tab in self.tabs
            ],
            "rows": rows,
            "span": f"{len(rows)} line{'' if len(rows) == 1 else 's'}",
            "previous_url": self.url_with(before=None) if before else "",
            "next_url": self.url_with(before=rows[-1].pk) if more else "",
        }

    def page_number(self) -> int:
        text = self.request.GET.get("page", "1")
        return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1

    def heading(self, column: Column) -> dict:
        order = self.order()
        up, down = order == column.order, order == f"-{column.order}"
        return {
            "column": column,
            "url": self.url_with(order=f"-{column.order}" if up else column.order, page=None)
            if column.order
            else "",
            "sorted": "ascending" if up and column.order else "descending" if down else "",
        }

    def filter_field(self, one: Filter) -> dict:
        return {
            "filter": one,
            "value": self.request.GET.get(one.name, ""),
            "choices": self.choices_of(one) if one.kind == "choice" else (),
        }

    # exports: exactly what is shown, all pages of it

    def taken(self, kind: str, rows) -> None:
        """Hook: put on record that the list was downloaded."""

    def export(self, kind: str):
        if kind not in {"csv", "xlsx"}:
            raise Http404
        _, chosen, _ = self.selected()
        columns = self.shown_columns()
        rows = self.rows(chosen[:EXPORT_LIMIT])
        table = [[column.label for column in columns]]
        table += [[column.plain(row) for column in columns] for row in rows]
        name = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "list"
        self.taken(kind, rows)
        write = as_csv if kind == "csv" else as_xlsx
        content, media_type = write(table)
        response = HttpResponse(content, content_type=media_type)
        response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
        return response
