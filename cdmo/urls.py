"""The composition root: the only module that knows every door."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import include, path

from cdmo.web.health import healthz, readyz


def rooms(app: str, *names: str):
    """Gather the pages of an app's rooms under the app's namespace."""
    patterns = []
    for name in names:
        module = f"{app}.{name}.urls" if name else f"{app}.urls"
        if find_spec(f"{app}.{name}" if name else app) and find_spec(module):
            patterns += import_module(module).urlpatterns
    return path("", include((patterns, app.rpartition(".")[2])))


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("cdmo.accounts.urls")),
    path("", include("cdmo.home.urls")),
    path("", include("cdmo.web.urls")),
    path("portal/", include("cdmo.portal.urls")),
    rooms("cdmo.portfolio", ""),
    rooms("batches", "manufacture", "identity", "deviations", "materials"),
    rooms("qc", "release", "laboratory", "instruments", "specifications"),
    rooms("techtransfer", "projects"),
]
try:
    urlpatterns.append(path("api/v1/", include("cdmo.api.urls")))
except ModuleNotFoundError as missing:  # only while the rooms are being built
    if not missing.name or not missing.name.endswith(".api"):
        raise

handler400 = "cdmo.web.errors.bad_request"
handler403 = "cdmo.web.errors.permission_denied"
handler404 = "cdmo.web.errors.not_found"
handler500 = "cdmo.web.errors.server_error"
