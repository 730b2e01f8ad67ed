"""Addresses of the release room's pages, under the namespace `qc`."""

from django.urls import path

from qc.release.views import decisions, pages, panel, trail

urlpatterns = [
    path("to-certify/", pages.ToCertify.as_view(), name="to_certify"),
    path("readiness-bars/", panel.ReadinessBars.as_view(), name="readiness_bars"),
    path("batches/<str:key>/release/", pages.BatchRelease.as_view(), name="batch_release"),
    path(
        "batches/<str:key>/readiness-panel/",
        panel.ReadinessPanel.as_view(),
        name="batch_readiness_panel",
    ),
    path("batches/<str:key>/issue/", decisions.ReleaseBatchIssue.as_view(), name="batch_issue"),
    path("batches/<str:key>/check/", decisions.BatchCheck.as_view(), name="batch_check"),
    path("batches/<str:key>/certify/", decisions.Certify.as_view(), name="batch_certify"),
    path(
        "batches/<str:key>/certify-conditionally/",
        decisions.CertifyConditionally.as_view(),
        name="batch_certify_conditionally",
    ),
    path("batches/<str:key>/trail/", trail.BatchTrail.as_view(), name="batch_trail"),
    path(
        "batches/<str:key>/review-audit-trail/",
        trail.ReviewTrail.as_view(),
        name="batch_review_trail",
    ),
    path("release-checks/<str:key>/", pages.CheckPage.as_view(), name="release_check"),
    path(
        "release-checks/<str:key>/evidence.json",
        pages.CheckEvidenceFile.as_view(),
        name="release_check_evidence",
    ),
    path(
        "release-checks/<str:key>/justify/<str:rule>/",
        decisions.JustifyFinding.as_view(),
        name="release_check_justify",
    ),
    path("certificates/", pages.CertificateList.as_view(), name="certificate_list"),
    path("certificates/<str:key>/", pages.CertificatePage.as_view(), name="certificate"),
    path(
        "certificates/<str:key>/download/",
        pages.CertificateFile.as_view(),
        name="certificate_download",
    ),
    path(
        "certificates/<str:key>/reissue/",
        decisions.CertificateReissue.as_view(),
        name="certificate_reissue",
    ),
]
