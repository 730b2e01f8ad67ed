"""Addresses of the archive."""

from django.urls import path

from cdmo.archive import views

app_name = "archive"
urlpatterns = [
    path("batches/<str:key>/dossier/", views.BatchDossier.as_view(), name="batch_dossier"),
    path("dossiers/", views.DossierList.as_view(), name="dossier_list"),
    path("dossiers/<str:key>/", views.DossierPage.as_view(), name="dossier"),
    path("dossiers/<str:key>/progress/", views.DossierProgress.as_view(), name="dossier_progress"),
    path("dossiers/<str:key>/pdf/", views.DossierFile.as_view(form="pdf"), name="dossier_pdf"),
    path("dossiers/<str:key>/json/", views.DossierFile.as_view(form="json"), name="dossier_json"),
    path(
        "dossiers/<str:key>/signature/",
        views.DossierFile.as_view(form="signature"),
        name="dossier_signature",
    ),
    path("imported-dossiers/", views.ImportedList.as_view(), name="imported_list"),
    path("imported-dossiers/<str:key>/", views.ImportedPage.as_view(), name="imported"),
    path("imported-dossiers/<str:key>/file/", views.ImportedFile.as_view(), name="imported_file"),
    path("retention/", views.RetentionList.as_view(), name="retention"),
    path("backups/", views.BackupList.as_view(), name="backup_list"),
]
