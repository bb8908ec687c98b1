"""A pack as it is taken away: the workbook alone, or an archive with the files that stand beside it."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from recon.close import StoredClose
from recon.evidence.issue import latest_pack, write_draft
from recon.evidence.pack import CONVERSION_ROWS
from recon.evidence.sheet import EXCEL_ROWS


@dataclass(frozen=True)
class Bundle:
    """The run's last issued pack, or what a draft of it will be where there is none: to take away is not to issue."""

    close: StoredClose
    issued: Path | None

    @classmethod
    def of(cls, close: StoredClose) -> Bundle:
        """What can be taken away of a close now."""
        return cls(close, latest_pack(close))

    @property
    def name(self) -> str:
        """The file name: the pack's number or draft, and .zip where files stand beside the workbook."""
        which = f"pack-{self.issued.stem}" if self.issued else "draft"
        is_archive = len(files_of(self.issued)) > 1 if self.issued else _may_overflow(self.close)
        return f"{self.close.workspace_name}-{self.close.period}-{which}.{'zip' if is_archive else 'xlsx'}"

    @property
    def content(self) -> bytes:
        """The bytes under that name; a draft is written now."""
        if self.issued is not None:
            return self._packed(self.issued)
        with tempfile.TemporaryDirectory() as folder:
            return self._packed(write_draft(self.close, Path(folder) / "draft.xlsx"))

    def _packed(self, pack: Path) -> bytes:
        return archived(files_of(pack)) if self.name.endswith(".zip") else pack.read_bytes()


def files_of(pack: Path) -> list[Path]:
    """A pack's workbook and the files beside it, which bear its name: `1.xlsx` has `1-CPA-conversions.csv`."""
    return [pack, *sorted(pack.parent.glob(f"{pack.stem}-*.csv"))]


def archived(files: list[Path]) -> bytes:
    """Files as one ZIP archive, each under its own name, dated alike: the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _may_overflow(close: StoredClose) -> bool:
    """Whether a pack of the close could need files beside it: told before it is written, so on the safe side."""
    conversions, workings = close.decision_count, len(close.workings)
    return conversions > CONVERSION_ROWS or conversions + workings > EXCEL_ROWS // 2
