"""The hostile folder of ``benchmarks.trials.hostile_folder``, in its short form."""

from __future__ import annotations

from pathlib import Path

from benchmarks.trials.hostile_folder import check, ingest, make_folder
from benchmarks.trials.input_kinds import BAD

from boxlens.wiring import Boxlens


def test_everything_else_is_stored_and_each_hostile_file_is_named(boxlens: Boxlens, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "in", 110, 55)
    assert len(folder.hostile) == 55 > len(BAD)
    variables = {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_PACKS_DIR": str(boxlens.settings.packs),
        "BOXLENS_DATA_DIR": str(tmp_path / "data"),
        "BOXLENS_RUNTIME": boxlens.settings.runtime,
        "BOXLENS_PIPELINE__OCR": "false",
    }
    first, second = (ingest(folder.path, "hostile", variables) for _ in range(2))
    try:
        check(folder, first, second)
        assert boxlens.index.info("hostile").images == folder.good
    finally:
        boxlens.index.drop("hostile")
