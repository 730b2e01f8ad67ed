"""REST of release: checks, certificates, and batches completed with readiness and certification."""

from qc.release.api.batches import ReleasableBatchViewSet
from qc.release.api.certificates import CertificateViewSet
from qc.release.api.checks import ReleaseCheckViewSet

__all__ = ["CertificateViewSet", "ReleasableBatchViewSet", "ReleaseCheckViewSet", "register"]


def register(router):
    router.register("batches", ReleasableBatchViewSet)
    router.register("release-checks", ReleaseCheckViewSet)
    router.register("certificates", CertificateViewSet)
