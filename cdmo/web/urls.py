"""Pages of the house itself: finding, records of records, one's own account."""

from django.urls import path

from cdmo.web import seals
from cdmo.web.pages import audit, configuration, house, unsigned

app_name = "web"
urlpatterns = [
    path("find/", house.Find.as_view(), name="find"),
    path("roles/", house.Roles.as_view(), name="roles"),
    path("account/", house.Profile.as_view(), name="profile"),
    path("account/tokens/new/", house.NewToken.as_view(), name="token_new"),
    path("account/tokens/<str:key>/revoke/", house.RevokeToken.as_view(), name="token_revoke"),
    path("audit/", audit.AuditList.as_view(), name="audit_list"),
    path("history/<str:record_type>/<int:key>/", audit.RecordHistory.as_view(), name="history"),
    path("unsigned/", unsigned.UnsignedList.as_view(), name="unsigned_list"),
    path("configuration/", configuration.Configuration.as_view(), name="configuration"),
    path("signatures/", audit.SignatureList.as_view(), name="signature_list"),
    path("seals/", seals.SealList.as_view(), name="seal_list"),
    path("seals/download/", seals.SealsDownload.as_view(), name="seals_download"),
    path("documents/<str:key>/", house.DocumentDownload.as_view(), name="document"),
]
