"""The doors' shared parts: one record, a list of records, one verb.

`StaffRequired` and `RecordMixin` are the only ways to a record from a page. A door translates:
it reads the form, the clock and the session, makes one call, and turns a refusal into a page.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponseRedirect
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import FormView, TemplateView
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from cdmo.access.rules import signing_blockers
from cdmo.access.signing import reauthenticate
from cdmo.access.standing import standing_of
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked
from cdmo.records.canonical import canonical, sha256
from cdmo.records.signatures import SignatureRefused
from cdmo.web import services
from cdmo.web.clock import zone_of
from cdmo.web.forms import VerbForm
from cdmo.web.history import Changes, may_read_history
from cdmo.web.links import url_of
from cdmo.web.lists import RecordListMixin


class StaffRequired:
    """Pages of the CDMO's own people. To a sponsor's person they do not exist (404, not 403).

    `right_to_see`: whoever lacks it gets 404 too; leave it empty where all the staff may look.
    """

    right_to_see: Right | None = None

    def setup(self, request, *args, **kwargs):
        # Before anything is loaded: the sponsors' database role may not even SELECT some tables.
        user = request.user
        if not user.is_authenticated or user.is_sponsor_side or not user.roles:
            raise Http404
        if self.right_to_see is not None and not user.may(self.right_to_see):
            raise Http404
        super().setup(request, *args, **kwargs)


class RecordMixin:
    """Load `self.record` by the URL's `key` among what this person may see, before any method runs.

    `select`: relations to load with it. A model without `visible_to` belongs to the CDMO itself:
    its pages need StaffRequired beside this mixin.
    """

    model: type[models.Model]
    select: tuple[str, ...] = ()
    lookup = ""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.record = self.load()
        self.zone = zone_of(self.record)

    def get_records(self):
        return visible(self.model, self.request.user).select_related(*self.select)

    def load(self):
        field = self.lookup or getattr(self.model, "key_field", "pk")
        try:
            return self.get_records().get(**{field: self.kwargs["key"]})
        except (self.model.DoesNotExist, ValueError):
            raise Http404 from None

    def dispatch(self, request, *args, **kwargs):
        # Instants are typed and shown on the clock of the record's site, up to the rendered page.
        with timezone.override(self.zone):
            response = super().dispatch(request, *args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
        return response

    def get_context_data(self, **kwargs):
        return super().get_context_data(record=self.record, zone=self.zone, **kwargs)


def visible(model, user):
    """Return the rows of a model that a person may see. Without `visible_to`: staff only."""
    records = model._default_manager.all()
    if hasattr(records, "visible_to"):
        return records.visible_to(user)
    if not user.is_authenticated or user.is_sponsor_side or not user.roles:
        return records.none()
    return records


class HistoryMixin:
    """Marks beside changed values, and the record's history at the foot of its page.

    `marked`: further records of the page whose values are marked.
    """

    def get_context_data(self, **kwargs):
        kwargs.setdefault("changes", Changes([self.record]))
        kwargs["changes"].add(kwargs.pop("marked", ()))
        readable = may_read_history(type(self.record), self.request.user)
        return super().get_context_data(
            **{"history_of": self.record if readable else None, **kwargs}
        )


class RecordPage(HistoryMixin, StaffRequired, RecordMixin, TemplateView):
    """A page about one record, with its history."""


class RecordList(StaffRequired, RecordListMixin, TemplateView):
    """A table of records; see cdmo.web.lists."""

    def get_records(self):
        return visible(self.model, self.request.user).select_related(*self.select)

    def taken(self, kind, rows):
        services.record_export(
            by=self.request.user,
            at=timezone.now(),
            what=self.title,
            form=kind,
            asked={name: text for name, text in self.asked.items() if name != "export"},
            rows=len(rows),
        )


class VerbView(StaffRequired, RecordMixin, FormView):
    """One verb on one record: its own URL, a dialog where there is JavaScript, a page where not.

    GET shows first what would refuse it (`blockers`), then the meaning, what exactly is signed,
    and the form. POST re-authenticates when `signed`, then calls `act` once. Blocked becomes the
    full list with everything typed kept (409); a wrong password stands at its field (403).
    """

    form_class = VerbForm
    template_name = "components/verb.html"
    fragment_name = "components/_verb.html"
    verb = ""  # as the services and signatures name it: "close"
    title = ""  # "Close this deviation"
    meaning = ""  # the sentence a signature stands for, as the service keeps it
    button = ""  # on the button; the title when empty
    danger = False  # a red button: reject, abort, recall
    right: Right | None = None  # named among the blockers when missing
    signed = False
    binding = True  # False: the password only proves who is there, nothing is signed
    reason = ""  # "required", "optional" or "" (not asked)
    done = ""  # said on the next page
    password_field = "password"  # where a refused password is told

    def act(self, *, by, at, data, proof):
        """Call the one service. `data`: what was typed. Returns the record to go to, or None."""
        raise NotImplementedError

    def blockers(self):
        """Yield what would refuse this now, in the services' own words."""
        return ()

    @property
    def meanings(self) -> tuple[str, ...]:
        """The sentences of which one is signed, where a choice in the form decides which."""
        return (self.meaning,) if self.meaning else ()

    def signed_content(self):
        """Return what a signature here is bound to, for the fold; None when there is none."""
        content = getattr(self.record, "signed_content", None)
        return content(self.verb) if self.signed and content else None

    def get_success_url(self, record=None) -> str:
        return url_of(record or self.record) or url_of(self.record) or "/"

    def all_blockers(self) -> list:
        rights = right_blockers(self.request.user, self.right) if self.right else ()
        return [*rights, *self.signing_blockers(), *self.blockers()]

    def signing_blockers(self):
        """Return what stands between this person and any signature, where one is given here."""
        if not (self.signed and self.binding):
            return ()
        return signing_blockers(self.request.user, self.standing)

    @cached_property
    def standing(self):
        """How the reader stands towards signing; for a sponsor, gathered before isolation."""
        gathered = getattr(self.request, "standing", None)
        return gathered or standing_of(self.request.user, at=timezone.now())

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "signed": self.signed, "reason": self.reason}

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        if self.signed and self.standing.has_totp:
            form.ask_code()
        return form

    def get_template_names(self):
        return [self.fragment_name if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs):
        content = self.signed_content()
        refused = kwargs.pop("refused", None)
        return super().get_context_data(
            verb=self,
            blockers=self.all_blockers() if refused is None else refused,
            was_refused=refused is not None,
            signed_text=canonical(content).decode() if content is not None else "",
            signed_sha256=sha256(canonical(content)) if content is not None else "",
            back=self.get_success_url(),
            **kwargs,
        )

    def form_invalid(self, form):
        return self.again(form, HTTPStatus.UNPROCESSABLE_ENTITY)

    def form_valid(self, form):
        by, at = self.request.user, timezone.now()
        proof = None
        try:
            if self.signed:
                proof = reauthenticate(
                    by=by,
                    password=form.cleaned_data["password"],
                    otp=form.cleaned_data.get("otp"),
                    binding=self.binding,
                    record=self.record or by,  # a failed attempt to make a record is the person's
                    verb=self.verb,
                    at=at,
                    says=self.meanings,
                )
            record = self.act(by=by, at=at, data=form.data_for_service(), proof=proof)
        except SignatureRefused as refusal:
            field = self.password_field
            if field == "password" and refusal.field in form.fields:
                field = refusal.field
            form.add_error(field if field in form.fields else None, refusal.message)
            return self.again(form, HTTPStatus.FORBIDDEN)
        except Blocked as blocked:
            self.record = self.load()
            return self.again(form, HTTPStatus.CONFLICT, refused=blocked.blockers)
        if self.done:
            messages.success(self.request, self.done)
        return self.leave(self.get_success_url(record))

    def again(self, form, status, **context):
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)

    def leave(self, url: str):
        """Go on; from a dialog over the same page, refresh that page where the reader is."""
        if not self.request.htmx:
            return HttpResponseRedirect(url)
        try:
            here = urlsplit(self.request.htmx.current_url or "").path
        except ValueError:  # a header from outside; the change has been made whatever it says
            here = ""
        if here == urlsplit(url).path:
            return HttpResponseClientRefresh()
        return HttpResponseClientRedirect(url)


class NewRecord(VerbView):
    """The form that makes a record: as VerbView, with no record yet. `act` returns what was made,
    and the person is taken there.
    """

    model = None
    record = None

    def load(self):
        return None

    def get_success_url(self, record=None) -> str:
        return url_of(record) or "/"
