"""A whole evaluation: over the exact twin with networks of the tests, and on photos through the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.parts import COLOURS, ColourWords, MemoryStore, indexer, networks, png, scene, searcher
from tests.samples import evalsets
from tests.shared import PHOTOS, manifest, needs_photos
from tests.unit.measuring.test_evaluation import LEAKS, script

from boxlens.cli import main
from boxlens.domain.boxes import Box
from boxlens.domain.errors import BadSource
from boxlens.evaluation import report as eval_report
from boxlens.evaluation.evaluator import Setting, evaluate, references
from boxlens.evaluation.sets.reading import read_set
from boxlens.index.memory.index import InMemoryIndex
from boxlens.wiring import Boxlens

BOXES = {
    "red": Box(10, 10, 50, 60),
    "green": Box(60, 10, 100, 60),
    "blue": Box(10, 70, 60, 110),
    "yellow": Box(80, 70, 150, 110),
}


def made(folder: Path) -> Path:
    """Twelve pictures in COCO's layout: each colour with its box in half of them; nothing is purple."""
    names = list(COLOURS)
    names_by_image = {n: [name for bit, name in enumerate(names) if (n + 1) >> bit & 1] for n in range(12)}
    pictures = {n: png(scene(*((c, BOXES[c]) for c in colours), seed=n)) for n, colours in names_by_image.items()}
    boxes = [
        (n, c, (b.x1, b.y1, b.x2 - b.x1, b.y2 - b.y1))
        for n, cs in names_by_image.items()
        for c in cs
        for b in [BOXES[c]]
    ]
    captions = {n: [" and ".join(colours)] for n, colours in names_by_image.items() if colours}
    return evalsets.coco(folder, pictures, captions, boxes, [*names, "purple"])


def over(index: InMemoryIndex) -> Setting:
    return Setting(index, searcher(index, networks()), ColourWords(), "set")


@LEAKS
def test_everything_is_measured_and_cn_clip_agrees(tmp_path: Path) -> None:
    chosen = read_set(made(tmp_path / "coco"))
    index = InMemoryIndex()
    indexer(index, networks(), MemoryStore()).ingest(references(chosen.images), collection="set")
    done = evaluate(over(index), chosen, pictures=8)
    rows = {row.ranking: row for row in done.tables["text to image, names"]}
    assert rows["fused, served"].recall[1] == rows["clip, exact"].recall[1] == 1
    assert (rows["fused, served"].boxes, rows["fused, served"].boxed) == (1, 4)
    assert rows["clip of whole images, exact"].boxed == 4
    assert done.tables["object to image"][0].recall[1] == 1
    assert done.ann == {"clip": 1, "vit": 1}
    assert done.absent["asked"] == 1
    for title in ("text to image, names", "object to image"):
        fused, *others = [row for row in done.tables[title] if row.ranking.endswith("served")]
        assert all(fused.mean_recall >= other.mean_recall for other in others), title
    assert set(done.latency) >= {"embed", "search", "total"}
    eval_report.save(done, {"pack": "blocks"}, tmp_path / "out")
    for stem, name, row in (
        ("text_to_image.captions", "evaluation", done.tables["text to image, captions"][0]),
        ("image_to_text", "evaluation_tr", done.tables["image to text"][0]),
    ):
        files = [str(tmp_path / "out" / f"{stem}.{part}.jsonl") for part in ("answers", "predictions")]
        theirs = script(name).compute_score(*files)
        assert theirs == pytest.approx([100 * n for n in (row.mean_recall, *(row.recall[k] for k in (1, 5, 10)))])
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert content["rankings"]["text to image, names"][0]["R@1"] == 1
    assert "| fused, served | 4 | 1.000 |" in (tmp_path / "out" / "evaluation.md").read_text()


def test_pictures_that_are_missing_or_too_many_are_refused(tmp_path: Path) -> None:
    chosen = read_set(made(tmp_path / "coco"))
    index = InMemoryIndex()
    take_in = indexer(index, networks(), MemoryStore())
    take_in.ingest(references(chosen.images[1:]), collection="set")
    with pytest.raises(BadSource, match="holds 11 of the 12 pictures"):
        evaluate(over(index), chosen)
    take_in.ingest(references(chosen.images), collection="set")
    with pytest.raises(BadSource, match="and 1 more"):
        evaluate(over(index), replace(chosen, images=chosen.images[1:]))


@needs_photos
def test_real_photos_in_coco_layout_from_the_command_line(
    boxlens: Boxlens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_id = {entry["id"]: (name, entry) for name, entry in manifest().items() if entry["boxes"]}
    chosen = dict(list(by_id.items())[:12])
    boxes = [(i, b["label"], b["bbox_xywh"]) for i, (_, entry) in chosen.items() for b in entry["boxes"]]
    folder = evalsets.coco(
        tmp_path / "coco",
        {i: (PHOTOS / name).read_bytes() for i, (name, _) in chosen.items()},
        {i: entry["captions_en"] for i, (_, entry) in chosen.items()},
        boxes,
        [*sorted({label for _, label, _ in boxes}), "unicorn"],
    )
    for name, value in {
        "BOXLENS_ELASTICSEARCH__URL": boxlens.addresses.elasticsearch,
        "BOXLENS_PROXY__URL": boxlens.addresses.proxy,
        "BOXLENS_PACK": boxlens.settings.pack,
        "BOXLENS_DATA_DIR": str(boxlens.settings.data_dir),
        "BOXLENS_PIPELINE__OCR": "false",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["boxlens", "eval", str(folder), "--format", "coco", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    content = json.loads(capsys.readouterr().out)
    assert not ended.value.code
    assert content["images"] == 12
    assert (content["absent"]["asked"], content["absent"]["empty"], content["absent"]["present_kept"]) == (1, 1.0, 1.0)
    (row, *_) = content["rankings"]["text to image, names"]
    assert row["R@1"] > 0.5
    assert row["right_boxes"] > 0.7
    assert not any(info.name.startswith("eval-") for info in boxlens.index.collections())
