"""REST: methods, samples, results, investigations, confirmation of readings, calculations."""

from qc.laboratory.api.calculations import urlpatterns
from qc.laboratory.api.files import ConfirmableFileViewSet
from qc.laboratory.api.records import MethodViewSet, OosViewSet, SampleViewSet
from qc.laboratory.api.results import ResultViewSet

__all__ = ["register", "urlpatterns"]


def register(router):
    router.register("methods", MethodViewSet)
    router.register("samples", SampleViewSet)
    router.register("results", ResultViewSet)
    router.register("oos-investigations", OosViewSet)
    router.register("instrument-files", ConfirmableFileViewSet)
