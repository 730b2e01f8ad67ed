"""REST: master batch records."""

from batches.manufacture import services
from batches.manufacture.api.serializers import MasterSerializer, NewMaster
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

    def create_record(self, *, data, by, at):
        return services.write_master(by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        return services.approve_master(master=record, by=by, at=at, proof=proof, **data)
