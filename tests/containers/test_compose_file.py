"""docker-compose.yml and both Dockerfiles on a real engine: all services healthy, and what goes wrong said by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.stack import DOLLARS, SERVICES, Stack

SEARCH = "/v1/collections/default/search?q=dog"


@pytest.fixture
def pictures(stack: Stack) -> Iterator[Path]:
    """An empty folder that the engine sees too."""
    path = stack.engine.work / "more-pictures"
    path.mkdir()
    yield path
    shutil.rmtree(path)


def test_everything_is_healthy(stack: Stack) -> None:
    for service in SERVICES:
        assert stack.inspected(service)["State"]["Health"]["Status"] == "healthy", service
    assert stack.asked("/readyz") == (200, '{"status":"ready"}')
    status, page = stack.asked("/")
    assert status == 200
    assert "<html" in page


def test_pictures_are_taken_in_and_searched(stack: Stack) -> None:
    stack.compose("run", "--rm", "--no-TTY", "demo")
    status, answer = stack.asked(SEARCH)
    assert status == 200
    assert json.loads(answer)["hits"]
    (failure,) = stack.within("search", "cat", "/data/failures.jsonl").splitlines()
    assert json.loads(failure)["uri"] == "/pictures/broken.jpg"


def test_pictures_are_taken_in_after_down_and_up(stack: Stack) -> None:
    stack.compose("run", "--rm", "--no-TTY", "demo")
    stack.compose("down")
    stack.compose("up", "--detach", "--wait")
    again = stack.compose("run", "--rm", "--no-TTY", "demo").stdout
    assert "0 new" in again
    assert "11 unchanged" in again


def test_a_missing_folder_of_pictures_is_an_error(stack: Stack) -> None:
    nowhere = stack.engine.work / "nowhere"
    done = stack.compose("run", "--rm", "--no-TTY", "demo", expected=1, BOXLENS_PICTURES=str(nowhere))
    assert "does not exist" in done.stderr
    assert not nowhere.exists()


def test_an_unreadable_folder_of_pictures_is_an_error(stack: Stack, pictures: Path) -> None:
    pictures.chmod(0o700)
    done = stack.compose("run", "--rm", "--no-TTY", "demo", expected=3, BOXLENS_PICTURES=str(pictures))
    assert "Permission denied" in done.stdout + done.stderr
    assert "Give user 10001 the right to." in done.stdout + done.stderr


def test_an_empty_folder_of_pictures_is_an_error(stack: Stack, pictures: Path) -> None:
    done = stack.compose("run", "--rm", "--no-TTY", "demo", expected=3, BOXLENS_PICTURES=str(pictures))
    assert "nothing to take in" in done.stdout + done.stderr


def test_an_unreadable_folder_of_packs_is_told(stack: Stack) -> None:
    packs = stack.engine.work / "packs"
    packs.chmod(0o700)
    try:
        stack.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "search")
        for path in ("/readyz", SEARCH):
            status, answer = stack.asked(path)
            assert status == 503
            assert "Permission denied" in answer
    finally:
        packs.chmod(0o755)
    assert stack.asked("/readyz")[0] == 200


def test_a_lost_elasticsearch_is_told_with_a_command_for_containers(stack: Stack) -> None:
    stack.compose("stop", "elasticsearch")
    try:
        status, answer = stack.asked("/readyz")
    finally:
        stack.compose("up", "--detach", "--wait")
    assert status == 503
    assert "docker compose up -d elasticsearch" in answer


@pytest.mark.parametrize("service", SERVICES)
def test_limits_hold_in_the_container(stack: Stack, service: str) -> None:
    host = stack.inspected(service)["HostConfig"]
    assert 0 < host["Memory"] <= 4 << 30
    assert 0 < host["PidsLimit"] <= 4096
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert not host["Ulimits"]
    mounted = stack.within(service, "df", "--output=fstype,size", "/tmp").split()
    assert mounted[-2:] == ["tmpfs", str(256 << 10)]


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_has_capabilities(stack: Stack, service: str) -> None:
    status = stack.within(service, "cat", "/proc/1/status")
    values = dict(line.split(":", 1) for line in status.splitlines())
    assert int(values["CapEff"], 16) == 0
    assert values["NoNewPrivs"].strip() == "1"


def test_there_are_no_volumes_without_a_name(stack: Stack) -> None:
    volumes = stack.engine.run("docker", "volume", "ls", "--quiet").stdout.split()
    assert sorted(volumes) == [f"boxlens_{name}" for name in ("elasticsearch", "minio", "search-data", "thumbnails")]


def test_the_image_of_the_search_service_holds_no_node_and_no_java(stack: Stack) -> None:
    names = "-name node -o -name java -o -name libjvm.so -o -name npm"
    programs = stack.within("search", "sh", "-c", rf"find / -xdev -type f \( {names} \) 2>/dev/null || true")
    assert programs == ""


def test_dollars_between_single_quotes_stay(stack: Stack) -> None:
    assert stack.within("minio", "printenv", "MINIO_ROOT_PASSWORD").strip() == DOLLARS
    assert stack.within("minio-proxy", "printenv", "BOXLENS_PROXY__S3_SECRET_KEY").strip() == DOLLARS
