"""One's own way in, and the list by which administrators and quality assurance look after it."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Max
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView

from cdmo.access import lockout, policy, rules, services
from cdmo.access.forms import SetUpForm
from cdmo.access.models import (
    Credential,
    FailedEntry,
    IdentityVerification,
    PolicyAcknowledgement,
    SignIn,
)
from cdmo.access.services.passwords import person_of_link
from cdmo.access.sights import failures_of, open_sessions, signs
from cdmo.access.standing import (
    is_vouched_for,
    must_have_factor,
    standing_of,
    verified_ones,
    with_standing,
)
from cdmo.accounts.models import User
from cdmo.accounts.roles import Right
from cdmo.blockers import Blocked
from cdmo.web.forms import VerbForm
from cdmo.web.lists import Column
from cdmo.web.views import RecordList, RecordPage, VerbView

# One's own pages. They stand under /accounts/, outside the sponsors' isolation: a sponsor's
# transfer lead signs too. Each touches rows of the person who asks, and no others.


class OwnAccess(TemplateView):
    """How I stand: password, second factor, policy, identity, sessions."""

    template_name = "access/own.html"

    def get_context_data(self, **kwargs):
        user, at = self.request.user, timezone.now()
        standing = standing_of(user, at=at)
        return super().get_context_data(
            standing=standing,
            blockers=list(rules.signing_blockers(user, standing)),
            credential=Credential.objects.filter(user=user).first(),
            acknowledged=PolicyAcknowledgement.objects.filter(
                user=user, version=policy.VERSION
            ).first(),
            verified=verified_ones().filter(user=user).select_related("by").last(),
            sessions=open_sessions(at).filter(user=user),
            here=self.request.session.get("sign_in"),
            factor_required=must_have_factor(user),
            policy_version=policy.VERSION,
            **kwargs,
        )


class PolicyForm(forms.Form):
    version = forms.CharField(widget=forms.HiddenInput, max_length=20)
    agree = forms.BooleanField(
        label="I have read this. My electronic signature binds me as my handwritten one does.",
        error_messages={"required": "Tick this to acknowledge the policy."},
    )


class SigningPolicy(FormView):
    """The text that everybody acknowledges before their first signature (P-18)."""

    template_name = "access/policy.html"
    form_class = PolicyForm

    def get_initial(self):
        return {"version": policy.VERSION}

    def get_context_data(self, **kwargs):
        done = PolicyAcknowledgement.objects.filter(
            user=self.request.user, version=policy.VERSION
        ).first()
        return super().get_context_data(policy=policy, acknowledged=done, **kwargs)

    def form_valid(self, form):
        try:
            services.acknowledge_policy(
                by=self.request.user, at=timezone.now(), version=form.cleaned_data["version"]
            )
        except Blocked as blocked:
            for blocker in blocked.blockers:
                form.add_error(None, blocker.message)
            return self.render_to_response(self.get_context_data(form=form), status=409)
        messages.success(self.request, "The signing policy has been acknowledged.")
        return HttpResponseRedirect(reverse("access:own"))


class EndSession(View):
    """End one of one's own sessions, or all the others."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        at, here = timezone.now(), request.session.get("sign_in")
        if "key" in kwargs:
            row = get_object_or_404(SignIn, pk=kwargs["key"], user=request.user)
            try:
                services.end_open_session(sign_in=row, by=request.user, at=at)
                messages.success(request, "The session has been ended.")
            except Blocked as blocked:
                messages.error(request, " ".join(b.message for b in blocked.blockers))
        else:
            ended = services.end_sessions(
                person=request.user,
                by=request.user,
                at=at,
                reason="Ended by the person from another session.",
                but=SignIn(pk=here),
            )
            messages.success(request, f"Ended: {ended}.")
        return redirect("access:own")


class Alive(View):
    """Somebody is typing on a page: the session goes on. The middleware has noted it."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        return HttpResponse(status=204)


@method_decorator([login_not_required, never_cache], name="dispatch")
class SetUp(FormView):
    """Choose a password by a link. Whoever has the link may; it works once."""

    template_name = "access/set_up.html"
    form_class = SetUpForm

    def dispatch(self, request, *args, **kwargs):
        self.person = person_of_link(kwargs["token"], at=timezone.now())
        if self.person is None:
            raise Http404
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"  # the address is the secret
        return response

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "person": self.person}

    def get_context_data(self, **kwargs):
        return super().get_context_data(person=self.person, **kwargs)

    def form_valid(self, form):
        try:
            services.take_link(
                by=self.person,
                at=timezone.now(),
                token=self.kwargs["token"],
                password=form.cleaned_data["password1"],
            )
        except Blocked as blocked:
            form.add_error(None, blocked.blockers[0].message)
            return self.form_invalid(form)
        messages.success(self.request, "Your password has been set. Sign in with it.")
        return redirect("account_login")


# The list of administrators and quality assurance.


class AccessList(RecordList):
    """Who may sign, who is locked out, where a second factor is missing."""

    model = User
    right_to_see = Right.VERIFY_IDENTITY
    title = "Sign-in and signing"
    lead = "Who has a password of their own, a second factor, and may sign."
    columns = (
        Column("full_name", "Name", lambda u: u, kind="access_link", order="full_name"),
        Column("email", "E-mail", order="email"),
        Column("factor", "Second factor", lambda u: "yes" if u.has_factor else "no"),
        Column("signs", "Ready to sign", signs),
        Column("failures", "Failed attempts now", lambda u: u.failures, kind="number"),
        Column("last_failure", "Last failure", lambda u: u.last_failure, kind="instant"),
        Column("sessions", "Signed in", lambda u: u.sessions, kind="number"),
    )
    search = ("full_name", "email")
    ordering = "full_name"
    empty_title = "Nobody has an account yet"
    empty_icon = "users"

    def get_records(self):
        return with_standing(User.objects.filter(is_active=True).select_related("organisation"))

    def rows(self, records):
        people, at = list(records), timezone.now()
        failed = {
            row["email"]: row
            for row in FailedEntry.objects.filter(
                email__in=[p.email for p in people], at__gt=at - lockout.window()
            )
            .order_by()
            .values("email")
            .annotate(n=Count("pk"), last=Max("at"))
        }
        open_ones = dict(
            open_sessions(at)
            .filter(user__in=people)
            .order_by()
            .values_list("user")
            .annotate(n=Count("pk"))
        )
        for person in people:
            row = failed.get(person.email, {})
            person.failures, person.last_failure = row.get("n", 0), row.get("last")
            person.sessions = open_ones.get(person.pk, 0)
        return people


class AccessPage(RecordPage):
    """How one person stands, where they are signed in, what failed."""

    model = User
    right_to_see = Right.VERIFY_IDENTITY
    template_name = "access/person.html"

    def get_context_data(self, **kwargs):
        person, at, by = self.record, timezone.now(), self.request.user
        return super().get_context_data(
            standing=standing_of(person, at=at),
            credential=Credential.objects.select_related("handed_over_by")
            .filter(user=person)
            .first(),
            verified=verified_ones().filter(user=person).select_related("by").last(),
            factors=[str(one) for one in Authenticator.objects.filter(user=person)],
            sessions=open_sessions(at).filter(user=person),
            failures=failures_of(person, since=at - timedelta(days=30)),
            may_verify=by.may(Right.VERIFY_IDENTITY),
            may_manage=by.may(Right.MANAGE_ACCOUNTS),
            policy_version=policy.VERSION,
            **kwargs,
        )


class PersonVerb(VerbView):
    """One verb on somebody's way in."""

    model = User
    right = Right.MANAGE_ACCOUNTS
    right_to_see = Right.VERIFY_IDENTITY
    reason = "required"

    def get_success_url(self, record=None):
        return reverse("access:person", args=[self.record.key])


class VerifyForm(VerbForm):
    how = forms.ChoiceField(label="How", choices=IdentityVerification.How, widget=forms.RadioSelect)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=400,
        help_text="For example the kind of document. No copy of it, no number.",
    )


class VerifyIdentity(PersonVerb):
    verb = "verify-identity"
    title = "Confirm who this is"
    meaning = "I have made sure that this account belongs to the person it names."
    right = Right.VERIFY_IDENTITY
    reason = ""
    form_class = VerifyForm
    done = "The identity has been confirmed."

    def blockers(self):
        credential = Credential.objects.filter(user=self.record).first()
        return [
            blocker
            for blocker in rules.verification_blockers(
                self.record,
                by=self.request.user,
                vouched=is_vouched_for(self.request.user),
                handed_over_by_id=credential.handed_over_by_id if credential else None,
                verified=verified_ones().filter(user=self.record).exists(),
            )
            if blocker.code != "no_right"
        ]

    def act(self, *, by, at, data, proof):
        services.verify_identity(person=self.record, by=by, at=at, **data)


class ResetVerb(PersonVerb):
    """A verb that hands a person a way in, so that somebody else confirms who used it."""

    danger = True

    def blockers(self):
        return [
            blocker
            for blocker in rules.reset_blockers(
                self.record, by=self.request.user, vouched=is_vouched_for(self.request.user)
            )
            if blocker.code != "no_right"
        ]


class LinkVerb(ResetVerb):
    """A verb whose outcome is a link, shown once."""

    token = ""

    def leave(self, url):
        address = reverse("access:set_up", args=[self.token])
        return self.response_class(
            self.request,
            ["access/_link.html" if self.request.htmx else "access/link.html"],
            {
                "link": self.request.build_absolute_uri(address),
                "person": self.record,
                "back": self.get_success_url(),
            },
            headers={"Cache-Control": "no-store"},
        )


class IssueLink(LinkVerb):
    verb = "issue-link"
    title = "Make a set-up link"
    meaning = "The person chooses their own password by this link; nobody else learns it."
    danger = False
    reason = "optional"

    def act(self, *, by, at, data, proof):
        self.token = services.issue_link(
            person=self.record, by=by, at=at, reason=data.get("reason", "")
        )


class ResetForm(VerbForm):
    compromised = forms.BooleanField(
        label="Somebody else may know it: end the API tokens too", required=False
    )


class ResetPassword(LinkVerb):
    verb = "reset-password"
    title = "Reset the password"
    meaning = (
        "The password works no more and every session ends. Signing stays closed until somebody "
        "other than you has confirmed who used the link."
    )
    form_class = ResetForm

    def act(self, *, by, at, data, proof):
        self.token = services.reset_password(person=self.record, by=by, at=at, **data)


class ResetFactors(ResetVerb):
    verb = "reset-factors"
    title = "Reset the second factor"
    meaning = (
        "Every second factor of this person is taken away and their sessions end. Signing stays "
        "closed until somebody other than you has confirmed who it is."
    )
    done = "The second factor has been taken away."

    def act(self, *, by, at, data, proof):
        services.reset_factors(person=self.record, by=by, at=at, **data)


class EndSessions(PersonVerb):
    verb = "end-sessions"
    title = "End the sessions"
    meaning = "This person is signed out everywhere, at once. API tokens go on."
    done = "The sessions have been ended."
    danger = True

    def act(self, *, by, at, data, proof):
        services.end_sessions(person=self.record, by=by, at=at, **data)
