"""Which instruments' files can be read, by which reader.

The vendor comes from the registered instrument, never from guessing at the file: the second
reader's own guess calls every xPONENT file INTELLIFLEX.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from qc.instruments.reading import ReadOutcome

NativeReader = Callable[..., ReadOutcome]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One kind of instrument file. `allotropy` names are tried in turn until one converts it."""

    code: str
    title: str
    extensions: tuple[str, ...]
    native: str | None = None
    allotropy: tuple[str, ...] = ()
    max_bytes: int = 20 * 1024 * 1024

    def native_reader(self) -> NativeReader | None:
        """`read(data, *, filename)` of the reader's module, imported only where it runs: in the
        child.
        """
        if self.native is None:
            return None
        return importlib.import_module(f"qc.instruments.readers.{self.native}").read


VENDORS: dict[str, Vendor] = {
    vendor.code: vendor
    for vendor in (
        Vendor(
            "vicell_xr",
            "Beckman Coulter Vi-CELL XR",
            ("xlsx", "xls", "txt"),
            native="vicell_xr",
            allotropy=("BECKMAN_VI_CELL_XR",),
        ),
        Vendor(
            "vicell_blu",
            "Beckman Coulter Vi-CELL BLU",
            ("csv",),
            native="vicell_blu",
            allotropy=("BECKMAN_VI_CELL_BLU",),
        ),
        Vendor(
            "nucleocounter",
            "ChemoMetec NucleoCounter",
            ("csv",),
            native="nucleocounter",
            allotropy=("CHEMOMETEC_NUCLEOVIEW", "CHEMOMETEC_NC_VIEW"),
        ),
        Vendor("luminex_xponent", "Luminex xPONENT", ("csv",), allotropy=("LUMINEX_XPONENT",)),
        Vendor(
            "softmax_pro",
            "Molecular Devices SoftMax Pro",
            ("txt",),
            allotropy=("MOLDEV_SOFTMAX_PRO",),
        ),
        # Text only: allotropy loses every well of a QuantStudio file that has no amplification
        # data, without a word, so a spreadsheet export that only it could read is not offered.
        Vendor(
            "quantstudio",
            "Applied Biosystems QuantStudio",
            ("txt",),
            native="quantstudio",
            allotropy=("APPBIO_QUANTSTUDIO",),
        ),
        Vendor("nova_flex2", "Nova BioProfile FLEX2", ("csv",), allotropy=("NOVABIO_FLEX2",)),
        Vendor("flowjo", "FlowJo workspace", ("wsp",), allotropy=("FLOWJO",)),
        Vendor(
            "fcs", "FCS flow cytometry data", ("fcs",), native="fcs", max_bytes=200 * 1024 * 1024
        ),
    )
}


def vendor_named(code: str) -> Vendor | None:
    """The vendor with this code, or None."""
    return VENDORS.get(code)


def vendor_called(text: str) -> Vendor | None:
    """The vendor somebody means: by its code, its title or its allotropy name, in any case."""
    wanted = " ".join(text.split()).casefold()
    for vendor in VENDORS.values():
        if wanted in {name.casefold() for name in (vendor.code, vendor.title, *vendor.allotropy)}:
            return vendor
    return None


def extension_of(filename: str) -> str:
    """The extension in lower case without its dot; empty when there is none."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""
