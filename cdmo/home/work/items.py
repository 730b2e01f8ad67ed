"""What a list of home is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Window

from batches.manufacture.models import Batch

SHOWN = 8
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of work: a record, what is asked, and since or until when."""

    record: object
    label: str = ""  # of the link, where the record's key says little
    text: str = ""
    note: str = ""
    status: object = ""  # the value; `axis` of the record where there is one
    axis: str = ""
    verdict: str = ""
    starts: object = None
    due: object = None
    since: object = None
    site: object = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class WorkList:
    """A heading with what waits under it; `count` may be more than is shown."""

    title: str
    icon: str
    items: list[Item] = field(default_factory=list)
    count: int = 0
    more: str = ""  # URL name of the list where all of it stands
    query: str = ""
    pressing: bool = False


def taken(records, make: Callable) -> tuple[list[Item], int]:
    """Return the first lines and how many there are in all, in one query."""
    rows = list(records.annotate(in_all=Window(Count("pk")))[:SHOWN])
    return [make(row) for row in rows], rows[0].in_all if rows else 0


def waiting(title, icon, records, make, **more) -> WorkList:
    items, count = taken(records, make)
    return WorkList(title, icon, items, count, **more)


def batch_item(batch, **more) -> Item:
    return Item(
        record=batch, text=batch.product.name, site=batch.site, **{"due": batch.expires_at, **more}
    )


def batches_of(by):
    return Batch.objects.visible_to(by).select_related("product", "site")
