"""One's own way in (under /accounts/), and the list of those who look after it."""

from django.urls import path

from cdmo.access import views

app_name = "access"
urlpatterns = [
    path("accounts/mine/", views.OwnAccess.as_view(), name="own"),
    path("accounts/signing-policy/", views.SigningPolicy.as_view(), name="policy"),
    path("accounts/sessions/end/", views.EndSession.as_view(), name="session_end_others"),
    path("accounts/sessions/<int:key>/end/", views.EndSession.as_view(), name="session_end"),
    path("accounts/alive/", views.Alive.as_view(), name="alive"),
    path("accounts/set-up/<str:token>/", views.SetUp.as_view(), name="set_up"),
    path("access/", views.AccessList.as_view(), name="list"),
    path("access/<str:key>/", views.AccessPage.as_view(), name="person"),
    path("access/<str:key>/verify-identity/", views.VerifyIdentity.as_view(), name="verify"),
    path("access/<str:key>/issue-link/", views.IssueLink.as_view(), name="issue_link"),
    path("access/<str:key>/reset-password/", views.ResetPassword.as_view(), name="reset_password"),
    path("access/<str:key>/reset-factors/", views.ResetFactors.as_view(), name="reset_factors"),
    path("access/<str:key>/end-sessions/", views.EndSessions.as_view(), name="end_sessions"),
]
