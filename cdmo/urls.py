"""The composition root: the only module that knows every door."""

from django.core.exceptions import RequestDataTooBig
from django.urls import include, path

from cdmo.api.problems import problem_response
from cdmo.web import errors
from cdmo.web.health import healthz, readyz


def rooms(app: str, *names: str):
    """Gather the pages of an app's rooms under the app's namespace."""
    patterns = [path("", include(f"{app}.{name}.urls")) for name in names]
    return path("", include((patterns, app)))


def bad_request(request, exception=None):
    """Answer what no view could read, a body beyond the limit for one: a script gets a problem."""
    if not request.path_info.startswith("/api/"):
        return errors.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem_response(413, "The body is larger than this system reads.")
    return problem_response(400, "The request cannot be read.", errors=[])


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("cdmo.access.urls")),
    path("accounts/", include("cdmo.accounts.urls")),
    path("", include("cdmo.home.urls")),
    path("", include("cdmo.web.urls")),
    path("portal/", include("cdmo.portal.urls")),
    path("", include("cdmo.people.urls")),
    path("", include("cdmo.training.urls")),
    path("", include("cdmo.incidents.urls")),
    path("", include("cdmo.portfolio.urls")),
    rooms("batches", "manufacture", "identity", "deviations", "materials"),
    rooms("qc", "release", "laboratory", "instruments", "specifications"),
    path("", include("techtransfer.projects.urls")),
    path("", include("cdmo.archive.urls")),
    path("", include("cdmo.vault.urls")),
    path("", include("cdmo.evaluation.urls")),
    path("api/v1/", include("cdmo.api.urls")),
]

handler400 = bad_request
handler403 = "cdmo.web.errors.permission_denied"
handler404 = "cdmo.web.errors.not_found"
handler500 = "cdmo.web.errors.server_error"
