"""REST: master batch records."""

from batches.manufacture import services
from batches.manufacture.api.serializers import (
    BatchReason,
    ChangeMaster,
    CopyMaster,
    MasterSerializer,
    NewMaster,
)
from batches.manufacture.models import MasterBatchRecord
from cdmo.api.views import RecordViewSet, verb


class MasterViewSet(RecordViewSet):
    """The instructions a batch follows. A sponsor reads approved ones."""

    model = MasterBatchRecord
    serializer_class = MasterSerializer
    select = ("product", "process_version")
    prefetch = ("steps",)
    filterset_fields = {
        "product": ["exact"],
        "process_version": ["exact"],
        "status": ["exact"],
        "sponsor": ["exact"],
    }
    search_fields = ("code", "title")
    ordering_fields = ("id", "code", "version")
    create_input = NewMaster
    update_input = ChangeMaster

    def create_record(self, *, data, by, at):
        return services.write_master(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_master(master=record, by=by, at=at, **data)

    @verb(input=CopyMaster, status=201)
    def copy(self, record, *, data, by, at):
        return services.copy_master(master=record, by=by, at=at, **data)

    @verb(input=BatchReason)
    def retire(self, record, *, data, by, at):
        return services.retire_master(master=record, by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        return services.approve_master(master=record, by=by, at=at, proof=proof, **data)
