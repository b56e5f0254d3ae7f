"""What a sync leaves out is not gone: hidden files, folders of systems, videos and their frames."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.integration.ingest.test_sync_histories import Followed
from tests.parts import png, scene
from tests.samples.made_videos import write_video

from boxlens.domain.videos import video_moment
from boxlens.ingest.findings import Findings
from boxlens.ingest.folders import FolderRules
from boxlens.ingest.sources import references
from boxlens.library.following.folders import SyncReport
from boxlens.library.following.sync import FolderSync, SyncOptions, Tellers


def sync(followed: Followed, *, system: bool = False) -> tuple[SyncReport, Findings]:
    """One sync that deletes what is gone, with what it left out."""
    findings = Findings()
    syncing = FolderSync(followed, followed.work, followed.ledger, lambda: time.time_ns() + 10**11)
    options = SyncOptions("trash", even_empty=True, rules=FolderRules(system=system))
    report = syncing.run(followed.ledger.follow("c", str(followed.folder)), options, Tellers(findings=findings))
    return report, findings


@pytest.mark.parametrize("name", ["@eaDir/a.png", ".hidden/a.png", ".a.png"])
def test_what_was_taken_in_with_system_folders_stays_without(tmp_path: Path, name: str) -> None:
    followed = Followed(tmp_path, "trash")
    for seed, path in enumerate((followed.folder / name, followed.folder / "b.png")):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(scene(seed=seed, size=(64, 48))))
    assert sync(followed, system=True)[0].changes == {"new": 2}
    report, findings = sync(followed)
    assert (report.changes, findings.counts.total(), len(followed.stored())) == ({}, 1, 2)
    (followed.folder / name).unlink()
    assert sync(followed)[0].changes == {"gone": 1}
    assert len(followed.stored()) == 1


def test_frames_of_videos_stay_and_videos_are_counted(tmp_path: Path) -> None:
    followed = Followed(tmp_path, "trash")
    write_video(followed.folder / "clip.mp4", [(0, 3.0), (1, 3.0)])
    (followed.folder / "a.png").write_bytes(png(scene(size=(64, 48))))
    followed.work.ingest(references([str(followed.folder)], followed.store), collection="c")
    assert len(followed.stored()) == 3
    for _ in range(2):
        report, findings = sync(followed)
        assert (report.failed, dict(report.changes), findings.as_dict()["video"]["count"]) == (0, {}, 1)
        assert len(followed.stored()) == 3
    (followed.folder / "a.png").unlink()
    assert sync(followed)[0].changes == {"gone": 1}
    assert all(video_moment(image.attributes) for image in followed.stored().values())
