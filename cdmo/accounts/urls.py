"""Signing in and out, one's own password and second factor, single sign-on.

Accounts themselves are made by administrators. allauth's other pages stay closed: a person's
e-mail address is their name in every record, so nobody changes it by themselves. Their URL names
remain, since allauth's own code looks them up.
"""

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponseRedirect
from django.urls import include, path, reverse


@login_not_required
def closed(request, **_):
    """A page of allauth's that this house does not have."""
    raise Http404


@login_not_required
def back_to_login(request, **_):
    """Single sign-on was cancelled, or did not work."""
    return HttpResponseRedirect(reverse("account_login"))


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("2fa/", include("allauth.mfa.urls")),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("sso/cancelled/", back_to_login, name="socialaccount_login_cancelled"),
    path("sso/error/", back_to_login, name="socialaccount_login_error"),
    path("sso/signup/", closed, name="socialaccount_signup"),
    path("sso/", closed, name="socialaccount_connections"),
    path("signup/", closed, name="account_signup"),
    path("email/", closed, name="account_email"),
    path("confirm-email/", closed, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", closed, name="account_confirm_email"),
    path("password/set/", closed, name="account_set_password"),
]
