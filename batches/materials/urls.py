"""Addresses of materials, lots and a batch's materials, under the namespace `batches`."""

from django.urls import path

from batches.materials import views

urlpatterns = [
    path("materials/", views.MaterialList.as_view(), name="material_list"),
    path("materials/+new/", views.MaterialNew.as_view(), name="material_new"),
    path("materials/<str:key>/", views.MaterialPage.as_view(), name="material"),
    path("lots/", views.LotList.as_view(), name="lot_list"),
    path("lots/+receive/", views.LotReceive.as_view(), name="lot_receive"),
    path("lots/<str:key>/", views.LotPage.as_view(), name="lot"),
    path("lots/<str:key>/affected/", views.LotAffected.as_view(), name="lot_affected"),
    path("lots/<str:key>/release/", views.LotRelease.as_view(), name="lot_release"),
    path("lots/<str:key>/reject/", views.LotReject.as_view(), name="lot_reject"),
    path("lots/<str:key>/recall/", views.LotRecall.as_view(), name="lot_recall"),
    path("batches/<str:key>/materials/", views.BatchMaterials.as_view(), name="batch_materials"),
    path("batches/<str:key>/materials/+use/", views.BatchUse.as_view(), name="batch_use"),
    path("uses/<str:key>/cancel/", views.UseCancel.as_view(), name="consumption_cancel"),
]
