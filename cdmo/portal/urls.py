"""The sponsor's pages."""

from django.urls import path

from cdmo.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("products/<str:key>/", views.ProductPage.as_view(), name="product"),
    path("batches/", views.BatchList.as_view(), name="batch_list"),
    path("batches/<str:key>/", views.BatchPage.as_view(), name="batch"),
    path("certificates/", views.CertificateList.as_view(), name="certificate_list"),
    path("certificates/<str:key>/", views.CertificateFile.as_view(), name="certificate"),
    path("dossiers/<str:key>/pdf/", views.DossierFile.as_view(form="pdf"), name="dossier_pdf"),
    path("dossiers/<str:key>/json/", views.DossierFile.as_view(form="json"), name="dossier_json"),
    path("documents/<str:key>/", views.DocumentFile.as_view(), name="document"),
    path("transfers/", views.TransferList.as_view(), name="transfer_list"),
    path("transfers/<str:key>/", views.TransferPage.as_view(), name="transfer"),
]
