"""Addresses of the laboratory's pages, under the namespace `qc`."""

from django.urls import path

from qc.laboratory.views import batch, files, methods, oos, results, samples

urlpatterns = [
    path("methods/", methods.MethodList.as_view(), name="method_list"),
    path("methods/+new/", methods.MethodNew.as_view(), name="method_new"),
    path("methods/<str:key>/", methods.MethodPage.as_view(), name="method"),
    path("methods/<str:key>/approve/", methods.MethodApprove.as_view(), name="method_approve"),
    path("samples/", samples.SampleList.as_view(), name="sample_list"),
    path("samples/+new/", samples.SampleNew.as_view(), name="sample_new"),
    path("samples/<str:key>/", samples.SamplePage.as_view(), name="sample"),
    path("samples/<str:key>/enter/", samples.ResultEntry.as_view(), name="sample_enter"),
    path("samples/<str:key>/submit/", samples.SubmitDrafts.as_view(), name="sample_submit"),
    path("samples/<str:key>/review/", results.SampleReview.as_view(), name="sample_review"),
    path("results/", results.ResultList.as_view(), name="result_list"),
    path("results/<str:key>/", results.ResultPage.as_view(), name="result"),
    path("results/<str:key>/change/", results.ResultChange.as_view(), name="result_change"),
    path("results/<str:key>/submit/", results.ResultSubmit.as_view(), name="result_submit"),
    path("results/<str:key>/approve/", results.ResultApprove.as_view(), name="result_approve"),
    path(
        "results/<str:key>/invalidate/",
        results.ResultInvalidate.as_view(),
        name="result_invalidate",
    ),
    path("results/<str:key>/retest/", results.ResultRetest.as_view(), name="result_retest"),
    path("oos/", oos.OosList.as_view(), name="oos_list"),
    path("oos/<str:key>/", oos.OosPage.as_view(), name="oos"),
    path("oos/<str:key>/conclude/", oos.OosConclude.as_view(), name="oos_conclude"),
    path("batches/<str:key>/qc/", batch.BatchQc.as_view(), name="batch_qc"),
    path("batches/<str:key>/qc/review/", results.BatchReview.as_view(), name="batch_qc_review"),
    path(
        "instrument-files/<str:key>/confirm/",
        files.FileConfirm.as_view(),
        name="instrument_file_confirm",
    ),
]
