"""Pages of the house itself: finding, records of records, one's own account."""

from django.urls import path

from cdmo.web import pages, seals

app_name = "web"
urlpatterns = [
    path("find/", pages.Find.as_view(), name="find"),
    path("roles/", pages.Roles.as_view(), name="roles"),
    path("account/", pages.Profile.as_view(), name="profile"),
    path("account/tokens/new/", pages.NewToken.as_view(), name="token_new"),
    path("account/tokens/<str:key>/revoke/", pages.RevokeToken.as_view(), name="token_revoke"),
    path("audit/", pages.AuditList.as_view(), name="audit_list"),
    path("signatures/", pages.SignatureList.as_view(), name="signature_list"),
    path("seals/", seals.SealList.as_view(), name="seal_list"),
    path("seals/download/", seals.SealsDownload.as_view(), name="seals_download"),
    path("documents/<str:key>/", pages.DocumentDownload.as_view(), name="document"),
]
