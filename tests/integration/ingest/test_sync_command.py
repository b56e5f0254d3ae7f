"""``boxlens sync`` and ``boxlens following`` through the command line, and killed with -9, on real servers.

``BOXLENS_KILLS`` sets how often it is killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.integration.ingest.test_odd_files import Run, collection, picture, run  # noqa: F401 - fixtures
from tests.parts import png, scene

from boxlens.domain.filters import Filter
from boxlens.domain.pictures import image_id_of
from boxlens.wiring import Boxlens

KILLS = int(os.environ.get("BOXLENS_KILLS", "2"))
PICTURES = 12


def test_a_folder_is_synced_and_said(run: Run, collection: str, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "in"
    first = picture(folder / "a.png", 1)
    picture(folder / "b.png", 2)
    command = ("sync", str(folder), "-c", collection, "--gone", "trash")
    code, out, _ = run(*command, "--dry-run")
    assert code == 0
    assert f"new       {folder}/a.png" in out
    assert "2 new" in out
    code, out, err = run(*command, "--json")
    assert code == 0, err
    assert json.loads(out)["folders"][str(folder)]["new"] == 2
    first.rename(folder / "beach.png")
    (folder / "b.png").unlink()
    code, out, _ = run(*command, "--dry-run", "--json")
    said = json.loads(out)
    assert {(change["kind"], change["path"]) for change in said["changes"]} == {
        ("moved", f"{folder}/beach.png"),
        ("gone", f"{folder}/b.png"),
    }
    code, out, _ = run(*command)
    assert (code, "1 renamed or moved, 1 gone" in out) == (0, True)
    image_id = image_id_of((folder / "beach.png").read_bytes())
    _, out, _ = run("images", "show", image_id, "-c", collection, "--json")
    shown = json.loads(out)
    assert (shown["file_name"], shown["other_names"]) == ("beach.png", ["a.png"])
    for name in ("beach.png", "a.png"):
        _, out, _ = run("search", "", "--filter", f"file:{name} kind:frame", "-c", collection, "--json")
        assert [hit["image_id"] for hit in json.loads(out)["hits"]] == [image_id], name
    (folder / "beach.png").unlink()
    code, out, err = run(*command)
    assert (code, "holds no picture any more" in err) == (3, True)
    code, out, _ = run(*command, "--even-empty")
    assert (code, "1 gone" in out) == (0, True)
    code, out, _ = run("following", "list", "--json")
    (entry,) = json.loads(out)
    assert (entry["folder"], entry["collection"], entry["state"]) == (str(folder), collection, "stopped")
    assert run("following", "pause", str(folder))[0] == 0
    assert "paused" in run("following", "list")[1]
    assert run("following", "forget", str(folder))[0] == 0
    assert "No folder is followed" in run("following", "list")[1]
    assert run("sync", str(tmp_path / "nowhere"), "-c", collection)[0] == 3


def documents(boxlens: Boxlens, collection: str) -> set[tuple[str, tuple[str, ...]]]:  # noqa: F811
    """Every object of a collection, with the places of its image."""
    boxlens.index.refresh(collection)
    ids = [match.object_id for match in boxlens.index.matching(collection, Filter(), 10_000)]
    stored = boxlens.index.objects(collection, ids)
    return {(o.object_id, tuple(sorted((o.image.source_uri, *o.image.other_sources)))) for o in stored}


def test_a_killed_sync_is_simply_run_again(run: Run, boxlens: Boxlens, collection: str, tmp_path: Path) -> None:  # noqa: F811
    """Each round renames, copies, edits and deletes; the sync of it is killed, and the next run ends where one that was
    not killed would."""
    folder, moments = tmp_path / "in", random.Random(os.getpid())
    for seed in range(PICTURES):
        picture(folder / f"{seed:02}.png", seed)
    command = [sys.executable, "-m", "boxlens", "sync", str(folder), "-c", collection, "--gone", "trash"]
    started = time.monotonic()
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    whole = time.monotonic() - started
    for attempt in range(KILLS):
        names = sorted(folder.iterdir())
        for place, path in enumerate(names[: PICTURES // 2]):
            match (place + attempt) % 4:
                case 0:
                    path.rename(path.with_name(f"renamed-{attempt}-{path.name}"))
                case 1:
                    path.with_name(f"copy-{attempt}-{path.name}").write_bytes(path.read_bytes())
                case 2:
                    path.write_bytes(png(scene(seed=100 * attempt + place + 100, size=(64, 48))))
                case _:
                    path.unlink()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.5, 1.0) * whole)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert run("sync", str(folder), "-c", collection, "--gone", "trash")[0] == 0
        places: dict[str, list[str]] = {}
        for path in folder.iterdir():
            places.setdefault(image_id_of(path.read_bytes()), []).append(str(path))
        expected = {(image_id, tuple(sorted(paths))) for image_id, paths in places.items()}
        assert {
            (object_id.rpartition("-")[0], paths) for object_id, paths in documents(boxlens, collection)
        } == expected


@pytest.mark.parametrize("option", [("--gone", "burn"), ("--gone", "mark", "no-folder")])
def test_wrong_calls_are_one_line(run: Run, tmp_path: Path, option: tuple[str, ...]) -> None:  # noqa: F811
    (tmp_path / "in").mkdir()
    code, _, err = run("sync", str(tmp_path / "in"), *option)
    assert code == 3
    assert "Traceback" not in err
