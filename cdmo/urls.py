"""The composition root: the only module that knows every door."""

from django.urls import include, path

from cdmo.web.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("allauth.account.urls")),
]
