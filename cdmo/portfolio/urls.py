"""Addresses of the portfolio's pages."""

from django.urls import path

from cdmo.portfolio import views

app_name = "portfolio"
urlpatterns = [
    path("agreements/", views.AgreementList.as_view(), name="agreement_list"),
    path("agreements/+new/", views.AgreementNew.as_view(), name="agreement_new"),
    path("agreements/<str:key>/", views.AgreementPage.as_view(), name="agreement"),
    path("agreements/<str:key>/scope/", views.AgreementScope.as_view(), name="agreement_scope"),
    path("agreements/<str:key>/sign/", views.AgreementSign.as_view(), name="agreement_sign"),
    path(
        "agreements/<str:key>/terminate/",
        views.AgreementTerminate.as_view(),
        name="agreement_terminate",
    ),
    path(
        "agreements/<str:key>/scope/<int:item>/exercise/",
        views.OptionExercise.as_view(),
        name="option_exercise",
    ),
    path(
        "agreements/<str:key>/scope/<int:item>/decline/",
        views.OptionDecline.as_view(),
        name="option_decline",
    ),
    path("products/", views.ProductList.as_view(), name="product_list"),
    path("products/+new/", views.ProductNew.as_view(), name="product_new"),
    path("products/<str:key>/", views.ProductPage.as_view(), name="product"),
    path("products/<str:key>/process/", views.ProcessNew.as_view(), name="process_new"),
    path(
        "products/<str:key>/version/", views.ProcessVersionNew.as_view(), name="process_version_new"
    ),
    path("processes/<str:key>/", views.ProcessPage.as_view(), name="process"),
    path("process-versions/<str:key>/", views.ProcessVersionPage.as_view(), name="process_version"),
    path(
        "process-versions/<str:key>/approve/",
        views.ProcessVersionApprove.as_view(),
        name="process_version_approve",
    ),
    path("organisations/<str:key>/", views.OrganisationPage.as_view(), name="organisation"),
]
