"""How the demo pack's networks are trained, settled and told about: the parts that are arithmetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from boxlens.samples.artwork import STYLES, TRAINING_STYLES, UNSEEN_STYLE
from boxlens.samples.names import things

pytest.importorskip("torch", reason="the extra torch is not installed (BOXLENS_TORCH=no)")

import torch
from training.card import write_card
from training.learning.calibrate_bn import Scored, _f1, _measure_norms
from training.learning.muon import Muon, orthogonal
from training.learning.train_encoders import Run, losses
from training.learning.warm_start import unfold
from training.networks import Encoders, build_clip

torch.set_num_threads(1)  # two that wait for each other on a busy machine are slower than one

N = len(things())


@pytest.mark.parametrize("shape", [(8, 8), (12, 40), (40, 12)])
def test_a_muon_step_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 37))
    assert float(values.min()) > 0.3
    assert float(values.max()) < 1.3


def test_muon_goes_down_a_slope_by_its_rate() -> None:
    torch.manual_seed(2)
    expected = torch.randn(6, 4, 3, 3)
    kernel = torch.nn.Parameter(torch.zeros(6, 4, 3, 3))
    muon = Muon([kernel], lr=0.1, weight_decay=0.0)
    far = []
    for _ in range(60):
        muon.zero_grad()
        loss = (kernel - expected).square().sum()
        loss.backward()
        before = kernel.detach().clone()
        muon.step()
        far.append(loss.item())
        assert float(torch.linalg.matrix_norm((kernel - before).detach().flatten(1), 2)) <= 0.13
    assert far[-1] < 0.5 * far[0]


def test_a_power_of_scores_moves_no_rank() -> None:
    class Flat(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels

    torch.manual_seed(3)
    raw = torch.rand(2, 50, 6)
    out = Scored(Flat(), 0.4)(raw)
    assert torch.equal(out[..., :4], raw[..., :4])
    plain, raised = raw[..., 4] * raw[..., 5], out[..., 4] * out[..., 5]
    assert torch.equal(plain.argsort(1), raised.argsort(1))
    assert torch.allclose(raised, plain**0.4, atol=1e-6)


def test_f1_counts_each_true_object_once() -> None:
    """Two true objects; strong claims on the first twice, on nothing once; a weak claim on the second."""
    score = torch.tensor([0.9, 0.8, 0.7, 0.04])
    met = torch.tensor([[0.9, 0.0], [0.7, 0.0], [0.1, 0.2], [0.0, 0.8]])
    claims = [[(score, met, torch.tensor(2))]]
    assert _f1(claims, 1.0) == pytest.approx(2 * 1 / (3 + 2))
    assert _f1(claims, 0.3) == pytest.approx(2 * 2 / (4 + 2))


def test_norms_are_measured_as_the_mean_over_batches() -> None:
    torch.manual_seed(4)
    net = torch.nn.Sequential(torch.nn.BatchNorm2d(3))
    inputs = [torch.randn(8, 3, 5, 5) * 2 + 1 for _ in range(4)]
    _measure_norms(net, inputs, net)
    assert not net.training
    assert torch.allclose(net[0].running_mean, torch.stack([x.mean((0, 2, 3)) for x in inputs]).mean(0), atol=1e-5)
    assert torch.allclose(net[0].running_var, torch.stack([x.var((0, 2, 3)) for x in inputs]).mean(0), atol=1e-4)


def folded(visual: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The convolutions of a ModifiedResNet with their batch norms folded in, as the exporter does it."""
    parts = dict(visual.named_modules())
    weights = {}
    for name, conv in parts.items():
        if isinstance(conv, torch.nn.Conv2d):
            norm = parts[name.replace("downsample.0", "downsample.1").replace("conv", "bn")]
            scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
            weights[f"{name}.weight"] = conv.weight.detach() * scale[:, None, None, None]
            weights[f"{name}.weight_bias"] = (norm.bias - norm.running_mean * scale).detach()
    return weights


def test_folded_convolutions_unfold_to_the_same_network() -> None:
    torch.manual_seed(5)
    visual, copy = build_clip().visual, build_clip().visual
    for norm in (m for m in visual.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.normal_(norm.weight, 1, 0.2)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
        torch.nn.init.normal_(norm.running_mean, 0, 0.2)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    copy.attnpool.load_state_dict(visual.attnpool.state_dict())
    pixels = [torch.randn(16, 3, 32, 32) for _ in range(3)]
    unfold(copy, folded(visual), pixels)
    visual.eval()
    with torch.no_grad():
        assert torch.nn.functional.cosine_similarity(visual(pixels[0]), copy(pixels[0])).min() > 0.99999
        norm = copy.layer2[0].bn1
        features = copy.layer2[0].conv1(copy.layer1(copy.avgpool(stem(copy, torch.cat(pixels)))))
    assert torch.allclose(norm.running_mean, features.mean((0, 2, 3)), atol=1e-3)
    assert torch.allclose(norm.running_var, features.var((0, 2, 3)), rtol=1e-2)


def stem(visual: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    for conv, norm in ((visual.conv1, visual.bn1), (visual.conv2, visual.bn2), (visual.conv3, visual.bn3)):
        x = visual.relu(norm(conv(x)))
    return x


def batch(seed: int) -> dict[str, torch.Tensor]:
    """Noise in place of crops: eight things twice, a phrase for each."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(8).repeat(2)
    return {
        "pictures": torch.rand(16, 3, 32, 32, generator=generator),
        "labels": labels,
        "colours": torch.zeros(16, dtype=torch.int64),
        "tokens": torch.randint(106, 21128, (16, 6), generator=generator),
        "fits": torch.nn.functional.one_hot(torch.arange(8).repeat_interleave(2), N).float(),
        "asked": torch.full((16,), -1),
    }


def test_words_take_part_only_when_asked_for() -> None:
    torch.manual_seed(6)
    net = Encoders(N)
    images = {"clip", "clip_pairs", "vit", "vit_pairs"}
    assert set(losses(net, batch(1), words=False)) == images
    both = losses(net, batch(1), words=True)
    assert set(both) == images | {"words", "pairs"}
    assert all(torch.isfinite(part) and part > 0 for part in both.values())


def test_a_phrase_that_asks_for_a_colour_matches_only_crops_of_it() -> None:
    torch.manual_seed(7)
    net, inputs = Encoders(N).eval(), batch(2)
    plain = losses(net, inputs, words=True)["pairs"]
    inputs["asked"] = torch.where(torch.arange(16) < 4, 0, -1)
    inputs["colours"] = torch.where(torch.arange(16) >= 8, 1, 0)  # the second crop of every thing is red
    loss = losses(net, inputs, words=True)["pairs"]
    assert not torch.isclose(plain, loss)


def test_steps_learn_and_go_on_where_they_were_saved(tmp_path: Path) -> None:
    torch.manual_seed(8)
    run = Run(tmp_path)
    for _ in range(12):
        run.step(batch(3), 0.0, half=False)
    with torch.no_grad():
        run.net.train()
        after = sum(losses(run.net, batch(3), words=True).values())
        torch.manual_seed(8)
        before = sum(losses(Encoders(N).train(), batch(3), words=True).values())
    assert after < 0.7 * before
    run.seconds = 4.0
    run.save()
    again = Run(tmp_path)
    assert (again.steps, again.crops, again.seconds) == (12, 192, 4.0)
    for name, value in run.net.state_dict().items():
        assert torch.equal(value, again.net.state_dict()[name]), name


def test_the_card_tells_the_numbers_of_the_logs(tmp_path: Path) -> None:
    old = {"steps": 1, "crops": 2, "scenes": 3, "seconds": 60}
    encoders = {"steps": 777, "crops": 88888, "seconds": 5400, "clip": 1.25, "noto zh R@1": 0.5}
    detector = {"steps": 555, "scenes": 6666, "seconds": 3600, "box": 0.75}
    for name, last in (("encoders", encoders), ("detector", detector)):
        (tmp_path / f"{name}.jsonl").write_text(f"{json.dumps(old)}\n{json.dumps(last)}\n")
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "evaluation.md").write_text("# Pack demo, revision 1\n\n## Detection\n\n0.123\n")
    (tmp_path / "notes.md").write_text("It rained.\n")
    write_card(tmp_path, pack)
    card = (pack / "MODEL_CARD.md").read_text("utf-8")
    assert "| CLIP and ViT together | 777 | 88888 crops | 90 | clip 1.25 |" in card
    assert "| detector | 555 | 6666 scenes | 60 | box 0.75 |" in card
    assert "It rained." in card
    assert "### Detection\n\n0.123" in card
    for style in STYLES.values():
        use = "the unseen style" if style.name == UNSEEN_STYLE else "training"
        assert f"| {style.name} {style.version} | {style.author} | {style.licence} | {use}" in card
    assert len(TRAINING_STYLES) == len(STYLES) - 1


def test_the_card_keeps_the_row_of_a_network_that_was_not_trained_again(tmp_path: Path) -> None:
    row = "| detector | 2117 | 33872 scenes | 72 | box 1.298 |"
    (tmp_path / "MODEL_CARD.md").write_text(
        f"# The demo pack\n\n{row}\n| CLIP and ViT together | 1 | 2 crops | 3 | |\n"
    )
    (tmp_path / "evaluation.md").write_text("# Pack demo, revision 2\n")
    (tmp_path / "encoders.jsonl").write_text(json.dumps({"steps": 9, "crops": 99, "seconds": 120, "vit": 2.5}) + "\n")
    write_card(tmp_path, tmp_path)
    card = (tmp_path / "MODEL_CARD.md").read_text("utf-8")
    assert row in card
    assert "| CLIP and ViT together | 9 | 99 crops | 2 | vit 2.5 |" in card
    assert "1 | 2 crops" not in card


def test_no_unseen_style_is_trained_on() -> None:
    assert UNSEEN_STYLE not in TRAINING_STYLES
    assert np.isin(TRAINING_STYLES, list(STYLES)).all()
