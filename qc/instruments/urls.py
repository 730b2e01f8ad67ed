"""Addresses of the pages of instruments and their files, under the namespace `qc`."""

from django.urls import path

from qc.instruments.views import files, instruments

urlpatterns = [
    path("instruments/", instruments.InstrumentList.as_view(), name="instrument_list"),
    path("instruments/+new/", instruments.InstrumentNew.as_view(), name="instrument_new"),
    path("instruments/<str:key>/", instruments.InstrumentPage.as_view(), name="instrument"),
    path(
        "instruments/<str:key>/change/",
        instruments.InstrumentChange.as_view(),
        name="instrument_change",
    ),
    path(
        "instruments/<str:key>/calibrate/",
        instruments.CalibrationNew.as_view(),
        name="instrument_calibrate",
    ),
    path(
        "instruments/<str:key>/take-out-of-use/",
        instruments.InstrumentOut.as_view(),
        name="instrument_take_out_of_use",
    ),
    path(
        "instruments/<str:key>/put-in-use/",
        instruments.InstrumentIn.as_view(),
        name="instrument_put_in_use",
    ),
    path("instrument-files/", files.FileList.as_view(), name="instrument_file_list"),
    path("instrument-files/+upload/", files.FileUpload.as_view(), name="instrument_file_upload"),
    path("instrument-files/<str:key>/", files.FilePage.as_view(), name="instrument_file"),
    path(
        "instrument-files/<str:key>/progress/",
        files.FileProgress.as_view(),
        name="instrument_file_progress",
    ),
    path(
        "instrument-files/<str:key>/read-again/",
        files.FileReadAgain.as_view(),
        name="instrument_file_read_again",
    ),
    path(
        "instrument-files/<str:key>/content/",
        files.FileContent.as_view(),
        name="instrument_file_content",
    ),
]
