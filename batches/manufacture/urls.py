"""Pages of batches, their steps and master batch records. Issue is an address of QC's."""

from django.urls import path

from batches.manufacture import views

_BATCH = "batches/<str:key>/"
_STEP = f"{_BATCH}steps/<str:code>/"
_MASTER = "master-records/<str:key>/"

urlpatterns = [
    path("batches/", views.BatchList.as_view(), name="batch_list"),
    path("batches/new/", views.BatchNew.as_view(), name="batch_new"),
    path(_BATCH, views.BatchRecord.as_view(), name="batch"),
    path(f"{_BATCH}record/", views.BatchRecord.as_view(), name="batch_record"),
    path(f"{_BATCH}deviations/", views.BatchDeviations.as_view(), name="batch_deviations"),
    path(f"{_BATCH}timeline/", views.BatchTimeline.as_view(), name="batch_timeline"),
    path(f"{_BATCH}audit/", views.BatchAudit.as_view(), name="batch_audit"),
    path(f"{_BATCH}change/", views.BatchChange.as_view(), name="batch_change"),
    path(f"{_BATCH}start/", views.BatchStart.as_view(), name="batch_start"),
    path(f"{_BATCH}hold/", views.BatchHold.as_view(), name="batch_hold"),
    path(f"{_BATCH}resume/", views.BatchResume.as_view(), name="batch_resume"),
    path(f"{_BATCH}complete/", views.BatchComplete.as_view(), name="batch_complete"),
    path(f"{_BATCH}record-yield/", views.BatchRecordYield.as_view(), name="batch_record_yield"),
    path(f"{_BATCH}abort/", views.BatchAbort.as_view(), name="batch_abort"),
    path(f"{_BATCH}review/", views.BatchReview.as_view(), name="batch_review"),
    path(f"{_BATCH}reject/", views.BatchReject.as_view(), name="batch_reject"),
    path(f"{_BATCH}recall/", views.BatchRecall.as_view(), name="batch_recall"),
    path(_STEP, views.StepPage.as_view(), name="batch_step"),
    path(f"{_STEP}verify/", views.StepVerify.as_view(), name="batch_step_verify"),
    path(f"{_STEP}correct/", views.StepCorrect.as_view(), name="batch_step_correct"),
    path(
        f"{_STEP}not-applicable/",
        views.StepNotApplicable.as_view(),
        name="batch_step_not_applicable",
    ),
    path("master-records/", views.MasterList.as_view(), name="master_batch_record_list"),
    path("master-records/+new/", views.MasterNew.as_view(), name="master_batch_record_new"),
    path(_MASTER, views.MasterPage.as_view(), name="master_batch_record"),
    path(f"{_MASTER}compare/", views.MasterCompare.as_view(), name="master_batch_record_compare"),
    path(f"{_MASTER}change/", views.MasterChange.as_view(), name="master_batch_record_change"),
    path(f"{_MASTER}copy/", views.MasterCopy.as_view(), name="master_batch_record_copy"),
    path(f"{_MASTER}approve/", views.MasterApprove.as_view(), name="master_batch_record_approve"),
    path(f"{_MASTER}retire/", views.MasterRetire.as_view(), name="master_batch_record_retire"),
]
