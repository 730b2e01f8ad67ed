"""Addresses of the specifications' pages, under the namespace `qc`."""

from django.urls import path

from qc.specifications import views

urlpatterns = [
    path("specifications/", views.SpecificationList.as_view(), name="specification_list"),
    path("specifications/+new/", views.SpecificationNew.as_view(), name="specification_new"),
    path("specifications/<str:key>/", views.SpecificationPage.as_view(), name="specification"),
    path(
        "specifications/<str:key>/change/",
        views.SpecificationChange.as_view(),
        name="specification_change",
    ),
    path(
        "specifications/<str:key>/approve/",
        views.SpecificationApprove.as_view(),
        name="specification_approve",
    ),
]
