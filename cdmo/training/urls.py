"""Addresses of trainings and of what demands them."""

from django.urls import path

from cdmo.training import views

app_name = "training"
urlpatterns = [
    path("trainings/", views.TrainingList.as_view(), name="training_list"),
    path("trainings/+new/", views.TrainingNew.as_view(), name="training_new"),
    path(
        "trainings/<str:key>/withdraw/", views.TrainingWithdraw.as_view(), name="training_withdraw"
    ),
    path("training-demands/", views.DemandList.as_view(), name="demand_list"),
    path("training-demands/+new/", views.DemandNew.as_view(), name="demand_new"),
    path("training-demands/<str:key>/lift/", views.DemandLift.as_view(), name="demand_lift"),
]
