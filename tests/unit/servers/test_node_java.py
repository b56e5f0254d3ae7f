"""Which Java is taken: the named one, JAVA_HOME where it fits, else the one included."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxlens.domain.errors import NodeFailed
from boxlens.embedded.java import bundled_java, choose_java, inspect_java
from boxlens.embedded.java_report import java_report


def java_home(at: Path, version: str, modules: str = "java.base jdk.incubator.vector", release: bool = True) -> Path:
    library = inspect_library(at)
    library.parent.mkdir(parents=True)
    library.touch()
    if release:
        (at / "release").write_text(f'IMPLEMENTOR="Nobody"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return at


def inspect_library(at: Path) -> Path:
    return at / bundled_java().library.relative_to(bundled_java().home)


@pytest.fixture(autouse=True)
def no_java_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_the_included_java_is_taken_when_none_is_named() -> None:
    java = choose_java()
    assert java.bundled
    assert 21 <= java.version <= 25
    assert java.library.is_file()


@pytest.mark.parametrize("version", ["21", "21.0.9", "24.0.2", "25.0.3"])
def test_a_fitting_jdk_is_taken_from_java_home_with_simd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "jdk", version)))
    java = choose_java()
    feature = version.split(".")[0]
    assert java.home == tmp_path / "jdk"
    assert java.options == [
        "--add-modules=jdk.incubator.vector",
        f"-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion={feature}",
    ]


@pytest.mark.parametrize("version", ["17.0.1", "1.8.0_402", "20.0.1", "26"])
def test_java_home_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "jdk", version)))
    assert choose_java().bundled


def test_java_home_that_is_no_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert choose_java().bundled


def test_a_named_java_of_another_version_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="Java 17") as failed:
        choose_java(java_home(tmp_path / "jdk", "17.0.1"))
    assert "21 to 25" in failed.value.hint


def test_a_named_folder_without_java_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="there is no Java at"):
        choose_java(tmp_path)


def test_a_java_without_the_vector_module_gets_no_flags(tmp_path: Path) -> None:
    java = choose_java(java_home(tmp_path / "jre", "21.0.2", modules="java.base java.logging"))
    assert not java.vector
    assert java.options == []


def test_a_release_file_that_says_nothing_leads_to_asking_java(tmp_path: Path) -> None:
    home = java_home(tmp_path / "jdk", "", release=False)
    program = home / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho java.base@23.0.1\necho jdk.incubator.vector@23.0.1\n")
    program.chmod(0o755)
    java = inspect_java(home)
    assert java is not None
    assert (java.version, java.vector) == (23, True)


def test_the_report_names_the_gain_only_where_simd_is_off(tmp_path: Path) -> None:
    off = java_report(java_home=java_home(tmp_path / "jre", "21.0.2", modules="java.base"))
    assert not off.simd
    assert "jdk.incubator.vector" in off.detail
    assert "JAVA_HOME" in off.hint
    on = java_report(java_home=java_home(tmp_path / "jdk", "25.0.2"))
    assert on.simd
    assert on.hint == ""
