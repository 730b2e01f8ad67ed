"""Lists over tables that grow for ever: sorted by any indexed column, paged by position, and
downloaded row by row.

No count, no page numbers: a page begins behind a row (`before` is its id), whose place in the order
the index finds. A download holds one block of rows in memory, whatever its length.
"""

import csv
import json

from django.db.models import Max, Q
from django.http import Http404, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone

from cdmo.web import services
from cdmo.web.exports import harmless
from cdmo.web.lists import PAGE, RecordListMixin

BLOCK = 1000


class _Line:
    """A file of one line: what the csv writer writes to, read after each row."""

    def write(self, text):
        return text


class EndlessListMixin(RecordListMixin):
    """A RecordList without counts. `as_json(row)` is a line of its JSON lines."""

    counted_pages = False
    forms = (("csv", "CSV"), ("jsonl", "JSON lines"))

    def as_json(self, row) -> dict:
        raise NotImplementedError

    def order(self) -> str:
        return super().order() or "-id"

    def ordered(self, records):
        name, down = self.order().removeprefix("-"), self.order().startswith("-")
        return records.order_by(self.order(), "-id" if down else "id"), name, down

    def by_age(self, chosen) -> dict:
        chosen, name, down = self.ordered(chosen)
        before = self.request.GET.get("before", "")
        if before.isascii() and before.isdigit() and len(before) < 19:
            chosen = chosen.filter(self.behind(int(before), name, down))
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
            "span": f"{len(rows)} lines",
            "previous_url": self.url_with(before=None) if before else "",
            "next_url": self.url_with(before=rows[-1].pk) if more else "",
        }

    def behind(self, pk: int, name: str, down: bool) -> Q:
        """Return the rows behind one in this order. The first comparison finds the index."""
        side = "lt" if down else "gt"
        if name in {"id", "pk"}:
            return Q(**{f"pk__{side}": pk})
        value = self.model._default_manager.filter(pk=pk).values_list(name, flat=True).first()
        if value is None:
            return Q()
        return Q(**{f"{name}__{side}e": value}) & (
            Q(**{f"{name}__{side}": value}) | Q(**{f"pk__{side}": pk})
        )

    def url_with(self, **changes) -> str:
        # A place in one order says nothing in another.
        if "order" in changes or "tab" in changes or "page" in changes:
            changes.setdefault("before", None)
        return super().url_with(**changes)

    def export(self, kind: str):
        """Stream exactly what is filtered, and put on record that it was taken."""
        if kind not in dict(self.forms):
            raise Http404
        _, chosen, problems = self.selected()
        if problems:  # a filter that says nothing would give more than was asked for
            return HttpResponseRedirect(self.url_with(export=None))
        # What is written from now on, this export's own line too, is not part of it.
        top = self.model._default_manager.aggregate(top=Max("pk"))["top"] or 0
        chosen, _, _ = self.ordered(chosen.filter(pk__lte=top))
        services.record_export(
            by=self.request.user,
            at=timezone.now(),
            what=self.title,
            form=kind,
            asked={name: text for name, text in self.asked.items() if name != "export"},
            rows=chosen.order_by().count(),
        )
        lines = self.csv_lines(chosen) if kind == "csv" else self.json_lines(chosen)
        media_type = "text/csv; charset=utf-8" if kind == "csv" else "application/x-ndjson"
        response = StreamingHttpResponse(lines, content_type=media_type)
        name = self.title.lower().replace(" ", "-")
        response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
        response["Cache-Control"] = "private, no-store"
        return response

    def blocks(self, chosen):
        """Yield rows in blocks, dressed as on the page; PostgreSQL keeps the place."""
        block = []
        for row in chosen.iterator(chunk_size=BLOCK):
            block.append(row)
            if len(block) == BLOCK:
                yield self.rows(block)
                block = []
        if block:
            yield self.rows(block)

    def csv_lines(self, chosen):
        columns = self.export_columns()
        writer = csv.writer(_Line())
        yield "\ufeff" + writer.writerow([column.label for column in columns])
        for block in self.blocks(chosen):
            yield "".join(
                writer.writerow([harmless(column.plain(row)) for column in columns])
                for row in block
            )

    def export_columns(self):
        return self.shown_columns()

    def json_lines(self, chosen):
        for block in self.blocks(chosen):
            yield "".join(
                json.dumps(self.as_json(row), ensure_ascii=False, separators=(",", ":")) + "\n"
                for row in block
            )
