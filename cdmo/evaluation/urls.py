"""Addresses of periodic evaluations."""

from django.urls import path

from cdmo.evaluation import views

app_name = "evaluation"
urlpatterns = [
    path("evaluations/", views.EvaluationList.as_view(), name="evaluation_list"),
    path("evaluations/+new/", views.EvaluationNew.as_view(), name="evaluation_new"),
    path("evaluations/<str:key>/", views.EvaluationPage.as_view(), name="evaluation"),
    path(
        "evaluations/<str:key>/conclude/",
        views.EvaluationConclude.as_view(),
        name="evaluation_conclude",
    ),
    path(
        "evaluations/<str:key>/json/",
        views.EvaluationFile.as_view(form="json"),
        name="evaluation_json",
    ),
    path(
        "evaluations/<str:key>/csv/",
        views.EvaluationFile.as_view(form="csv"),
        name="evaluation_csv",
    ),
]
