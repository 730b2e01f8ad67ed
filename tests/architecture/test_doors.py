"""Laws about doors, found by walking the table of routes: scoped, or excused with a reason."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from cdmo.api.permissions import DocumentationReaders, SignedInAndMayWrite
from cdmo.api.views import RecordViewSet
from cdmo.web.views import RecordMixin, StaffRequired

# Doors that answer without a person.
PUBLIC = {
    "healthz": "says that the process lives, nothing else",
    "readyz": "says what is missing to work, by name, nothing else",
}
# allauth's own pages: each decides by itself whether it needs a person; none shows records.
ACCOUNTS = "accounts/"

# Doors of signed-in people that are neither staff-only pages nor records of one sponsor.
OTHER_PAGES = {
    "home": "chooses between the staff's home and the portal; loads nothing itself",
    "web:profile": "the person's own account",
    "web:token_new": "the person's own tokens",
    "web:token_revoke": "the person's own tokens",
    "web:document": "scoped by visible_to in the view; bytes only",
}
PORTAL = "portal/"


def routes(patterns=None, prefix="", namespace=""):
    """Yield (address, name, callback) of every route."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, address, inner)
        elif isinstance(pattern, URLPattern):
            yield address, f"{namespace}{pattern.name}", pattern.callback


def view_class(callback):
    return getattr(callback, "cls", None) or getattr(callback, "view_class", None)


PAGES = [
    (address, name, callback)
    for address, name, callback in routes()
    if not address.startswith((ACCOUNTS, "api/"))
]
RESOURCES = [
    (address, name, callback) for address, name, callback in routes() if address.startswith("api/")
]


def by_name(route):
    return f"{route[1]}"


@pytest.mark.statement("P-06")
@pytest.mark.parametrize("route", PAGES, ids=by_name)
def test_every_page_wants_a_person(route):
    _, name, callback = route
    assert getattr(callback, "login_required", True) is (name not in PUBLIC)


@pytest.mark.statement("P-06")
@pytest.mark.parametrize("route", PAGES, ids=by_name)
def test_every_page_is_scoped_or_excused(route):
    address, name, callback = route
    if name in PUBLIC or name in OTHER_PAGES:
        return
    view = view_class(callback)
    assert view is not None, f"{name} is a bare function"
    if address.startswith(PORTAL):
        assert issubclass(view, RecordMixin) or not hasattr(view, "model") or view.scoped, name
        return
    assert issubclass(view, StaffRequired), name
    order = [base.__name__ for base in view.__mro__]
    if issubclass(view, RecordMixin):
        # Before anything is loaded: a sponsor's person must not even reach the query.
        assert order.index("StaffRequired") < order.index("RecordMixin"), name


def test_no_excuse_is_stale():
    names = {name for _, name, _ in PAGES}
    assert set(PUBLIC) <= names
    assert set(OTHER_PAGES) <= names


@pytest.mark.statement("P-06")
@pytest.mark.parametrize("route", RESOURCES, ids=by_name)
def test_every_resource_stands_on_the_base_or_loads_nothing(route):
    _, name, callback = route
    view = view_class(callback)
    assert view is not None
    assert issubclass(view, APIView)
    allowed = {SignedInAndMayWrite, DocumentationReaders}
    given = getattr(callback, "initkwargs", {}).get("permission_classes", view.permission_classes)
    assert set(given) & allowed, name
    if hasattr(view, "queryset") or hasattr(view, "model"):
        assert issubclass(view, RecordViewSet), name
        assert view.queryset is None, f"{name} has a queryset of its own, past visible_to"


def viewsets():
    return sorted(
        {view_class(callback) for _, _, callback in RESOURCES if view_class(callback)},
        key=lambda view: view.__name__,
    )


@pytest.mark.parametrize("view", viewsets(), ids=lambda view: view.__name__)
def test_lists_are_ordered_by_columns_of_their_own_table(view):
    """A cursor holds the whole position; what it compares with must stand in the row itself."""
    if not issubclass(view, RecordViewSet):
        return
    for name in view.ordering_fields:
        assert view.model._meta.get_field(name).concrete, name


@pytest.mark.parametrize("view", viewsets(), ids=lambda view: view.__name__)
def test_what_only_staff_is_shown_only_staff_may_ask_for(view):
    """A search is a question: a hidden field could be guessed from it letter by letter."""
    shown = getattr(view, "serializer_class", None)
    hidden = {*getattr(shown, "STAFF_ONLY", ()), *getattr(shown, "staff_fields", ())}
    asked = set(getattr(view, "search_fields", ())) - set(getattr(view, "staff_only_search", ()))
    filters = set(getattr(view, "filterset_fields", ()))
    filters -= set(getattr(view, "staff_only_filters", ()))
    assert not hidden & (asked | filters)
