"""Every kind of file that people have, through command line and HTTP, over a folder store and over MinIO."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmarks.trials.input_kinds import BAD, GOOD, KINDS, InputKind
from tests.samples import heic_pictures
from tests.samples.pictures import NOISE, saved
from tests.samples.raw_pictures import raw_file
from tests.servers.minio import Minio
from tests.servers.stack import served

from boxlens.cli import main
from boxlens.domain.pictures import image_id_of
from boxlens.servers import Addresses, embedded_proxy
from boxlens.wiring import Boxlens

MADE_ELSEWHERE = (
    InputKind("phone.heic", lambda seed: heic_pictures.UPRIGHT),
    InputKind("turned.heic", lambda seed: heic_pictures.TURNED),
    InputKind("camera.nef", lambda seed: raw_file((404, 304), saved(NOISE, "JPEG"), b"NIKON\0", dng=False)),
    InputKind("half.heic", lambda seed: heic_pictures.UPRIGHT[:400], "unreadable_picture"),
)
ALL = (*KINDS, *MADE_ELSEWHERE)
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # of Pillow, which goes on


@pytest.fixture(scope="module", params=["folder", "minio"])
def whole(request: pytest.FixtureRequest, boxlens: Boxlens) -> Iterator[Boxlens]:
    """The stack over one of the two stores."""
    if request.param == "folder":
        yield boxlens
        return
    server: Minio = request.getfixturevalue("minio_server")
    changed = boxlens.settings.proxy.model_copy(
        update={
            "backend": "s3",
            "s3_endpoint": server.endpoint,
            "s3_access_key": _secret(server.access_key),
            "s3_secret_key": _secret(server.secret_key),
            "s3_bucket": "kinds",
        }
    )
    settings = boxlens.settings.model_copy(update={"proxy": changed})
    with embedded_proxy(settings, 0, page_port=0) as proxy:
        over_minio = Boxlens(settings, Addresses(boxlens.addresses.elasticsearch, proxy))
        yield over_minio
        over_minio.close()


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


@pytest.fixture
def collection(whole: Boxlens) -> Iterator[str]:
    yield "kinds"
    if "kinds" in [info.name for info in whole.index.collections()]:
        whole.index.drop("kinds")


def files_in(folder: Path) -> dict[str, InputKind]:
    folder.mkdir()
    for seed, kind in enumerate(ALL):
        (folder / kind.name).write_bytes(kind.make(seed))
    return {kind.name: kind for kind in ALL}


def test_there_are_enough_kinds() -> None:
    assert len(ALL) >= 60
    assert len({kind.name for kind in ALL}) == len(ALL)
    assert len(GOOD) > 40 < len(GOOD) + len(BAD)


def test_through_the_command_line(
    whole: Boxlens,
    collection: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = files_in(tmp_path / "in")
    settings = {
        "ELASTICSEARCH__URL": whole.addresses.elasticsearch,
        "PROXY__URL": whole.addresses.proxy,
        "PROXY__S3_BUCKET": whole.settings.proxy.s3_bucket or "",
        "PACK": whole.settings.pack,
        "PACKS_DIR": str(whole.settings.packs),
        "DATA_DIR": str(tmp_path / "data"),
        "RUNTIME": whole.settings.runtime,
        "PIPELINE__OCR": "false",
    }
    for name, value in settings.items():
        if value:
            monkeypatch.setenv(f"BOXLENS_{name}", value)
    monkeypatch.chdir(tmp_path)
    for attempt in range(2):
        monkeypatch.setattr(sys, "argv", ["boxlens", "ingest", str(tmp_path / "in"), "-c", collection, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        report = json.loads(capsys.readouterr().out)
        failed = [json.loads(line)["failure"] for line in (tmp_path / "failures.jsonl").read_bytes().splitlines()]
        codes = {failure["name"].rsplit("/", 1)[-1]: failure["code"] for failure in failed}
        assert codes == {name: kind.code for name, kind in kinds.items() if kind.code}
        assert all(failure["reason"] and failure["hint"] for failure in failed)
        good = sum(not kind.code for kind in kinds.values())
        assert (report["stored"], report["unchanged"], report["updated"]) == ((0, good, 0) if attempt else (good, 0, 0))
    # of the bytes as they lie there: some writers put the time into what they make
    ids = [image_id_of((tmp_path / "in" / name).read_bytes()) for name, kind in kinds.items() if not kind.code]
    assert set(whole.index.stored(collection, ids)) == set(ids)


def test_through_http(whole: Boxlens, collection: str) -> None:
    whole.index.create(collection, whole.pack)
    with ExitStack() as stack:
        address = stack.enter_context(served(whole, None))
        client = stack.enter_context(httpx.Client(base_url=address, trust_env=False, timeout=120))
        answers: dict[str, str] = {}
        for seed, kind in enumerate(ALL):
            answer = client.post(
                f"/v1/collections/{collection}/images", files={"file": (kind.name, kind.make(seed + 500))}
            )
            if answer.status_code not in (200, 201):
                answers[kind.name] = answer.json()["code"]
                continue
            answers[kind.name] = ""
            shown = client.get(answer.json()["thumbnail_url"])
            assert (shown.status_code, shown.headers["content-type"][:6]) == (200, "image/"), kind.name
    assert answers == {kind.name: kind.code for kind in ALL}
