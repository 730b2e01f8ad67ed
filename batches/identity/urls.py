"""Addresses of chains of identity and a batch's scans, under the namespace `batches`."""

from django.urls import path

from batches.identity import views

urlpatterns = [
    path("identity/", views.ChainList.as_view(), name="identity_chain_list"),
    path("identity/+new/", views.ChainNew.as_view(), name="identity_chain_new"),
    path("identity/<str:key>/", views.ChainPage.as_view(), name="identity_chain"),
    path("batches/<str:key>/identity/", views.BatchIdentity.as_view(), name="batch_identity"),
    path("batches/<str:key>/identity/+scan/", views.BatchScan.as_view(), name="batch_scan"),
]
