"""``boxlens models``: the packs that are here, and how others come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from boxlens.cli import output
from boxlens.cli.reducing import reduce

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from boxlens.models.export.making import Parity
    from boxlens.models.packs.photo import Plan
    from boxlens.models.packs.spec import PackSpec
    from boxlens.models.runtimes.parity import BackendSpeed, ParityResult

_INT8 = "int8: an int8 file beside each fp32 one, where it stays near."
_TORCH = "Keep the torch weights too, for BOXLENS_RUNTIME=torch and GPUs."
_SIZE = "detector: a YOLOX with the bundled encoders; base, large, huge: a ViT and a Chinese-CLIP of that size too."
_CLIP = "RN50, ViT-B-16, ViT-L-14, ViT-L-14-336, ViT-H-14 (default: by size)."
_SOURCE = "auto asks ModelScope where the hub does not answer."
_PICTURES = "A folder of pictures such as the pack is for: to compare on, and to measure the ranges of int8."
app = typer.Typer(help="List, add, pull, export and verify model packs.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All packs that can be found. Example: boxlens models list"""
    from boxlens.models.packs.pack import list_packs, read_spec
    from boxlens.wiring import pack_places

    settings = output.settings()
    folders = list_packs(*pack_places(settings))
    packs = [_row(read_spec(folder), folder) for folder in folders]
    if json:
        output.print_json(packs)
    elif packs:
        rows = [
            (p["name"], str(p["revision"])[:12], " ".join(p["roles"]), " ".join(p["forms"]), p["folder"]) for p in packs
        ]
        output.print_table(("pack", "revision", "roles", "forms", "folder"), rows)
        for pack in packs:
            output.line(pack["about"])
    else:
        output.console.print(f"No packs in {settings.packs}.")


def _row(spec: PackSpec, folder: Path) -> dict[str, Any]:
    from boxlens.models.packs.pack import about

    roles = [role for role, _ in spec.parts()]
    forms = ["fp32", *sorted(spec.forms)]
    facts = {"name": spec.name, "revision": spec.fingerprint, "roles": roles, "forms": forms, "folder": str(folder)}
    return facts | {"about": about(spec)}


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="A folder with pack.json and the files it names.")],
    json: output.Json = False,
) -> None:
    """Take a pack in: every hash is checked, then it is copied whole. Example: boxlens models add ~/packs/shop"""
    from boxlens.models.packs.pack import add_pack

    pack = add_pack(folder, output.settings().packs)
    if json:
        output.print_json(_row(pack.spec, pack.folder))
    else:
        output.console.print(f"{pack.info.name} is here. Use it with BOXLENS_PACK={pack.info.name}.", markup=False)


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="The pack's name; every pack when it is left out.")] = "",
    pictures: Annotated[Path | None, typer.Option(help="A folder of pictures to compare on.")] = None,
    json: output.Json = False,
) -> None:
    """Compare every hash, run every network, and hold int8 and torch to fp32. Example: boxlens models verify demo"""
    from boxlens.models.packs.pack import find_pack, list_packs
    from boxlens.wiring import pack_places

    places = pack_places(output.settings())
    folders = [find_pack(name, *places)] if name else list_packs(*places)
    reports = [_verified(folder, pictures, quiet=json) for folder in folders]
    if json:
        output.print_json(reports[0] if name else reports)
    if not all(comparison["good"] for pack in reports for comparison in pack["parity"]):
        raise typer.Exit(4)


def _verified(folder: Path, pictures: Path | None, *, quiet: bool) -> dict[str, Any]:
    """One pack, checked and printed. Raises ModelMissing at what cannot be used."""
    from boxlens.models.packs.pack import load_pack
    from boxlens.models.runtimes.parity import check_parity

    pack = load_pack(folder, verify=True)
    pack.warm_up()
    name, files = pack.info.name, {str(file.path): file.sha256 for file in pack.spec.files()}
    near = check_parity(pack, _crops(pictures))
    if not quiet:
        output.print_table(("file", "sha256"), list(files.items()))
        if near:
            output.print_table(
                ("network", "beside fp32", "least cosine", "recorded", "wanted", "rows"), [_near_row(n) for n in near]
            )
        output.console.print(f"{name}: all {len(files)} files are as they should be, and every network runs.")
        for far in (n for n in near if not n.good):
            output.console.print(f"{name}: {far.network} {far.what} is too far from fp32; take the pack in again.")
    parity = [asdict(n) | {"good": n.good} for n in near]
    return {"name": name, "revision": pack.info.revision, "files": files, "parity": parity}


def _near_row(near: ParityResult) -> tuple[str, ...]:
    recorded = "" if near.recorded is None else f"{near.recorded:.5f}"
    cosine = "not computed here" if near.cosine is None else f"{near.cosine:.5f}"
    return (near.network, near.what, cosine, recorded, str(near.minimum), str(near.rows))


def _crops(pictures: Path | None, most: int = 24) -> list[Any]:
    """Crops of the pictures of a folder, or seeded ones."""
    from boxlens.models.export.pack import crops_of, made_pictures, read_pictures

    return crops_of(read_pictures(pictures, most)) if pictures else made_pictures(12)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="The pack's name (default: the one in use).")] = "",
    pictures: Annotated[Path | None, typer.Option(help="A folder of pictures to take crops of.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Crops a call.")] = 8,
    json: output.Json = False,
) -> None:
    """Every encoder by every runtime and precision that is here, side by side. Example: boxlens models bench photo"""
    from boxlens.models.packs.pack import find_pack, load_pack
    from boxlens.models.runtimes.backends import processor, versions
    from boxlens.models.runtimes.parity import bench as measure
    from boxlens.wiring import pack_places

    settings = output.settings()
    pack = load_pack(find_pack(name or settings.pack, *pack_places(settings)))
    crops = _crops(pictures, most=8)
    speeds = measure(pack, crops, batch=batch, rounds=rounds, threads=settings.threads, report=output.report)
    about = {
        "pack": f"{pack.info.name} {pack.info.revision}",
        "crops": f"{len(crops)} {'of ' + str(pictures) if pictures else 'made ones'}, {batch} a call, {rounds} rounds",
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "versions": " ".join(f"{runtime} {version}" for runtime, version in versions().items()),
        "date": datetime.now(UTC).date().isoformat(),
    }
    if json:
        output.print_json(about | {"ways": [_speed_entry(speed) for speed in speeds]})
        return
    columns = ("network", "way", "rows/s", "times fp32", "least cosine", "mean cosine")
    output.print_table(columns, [_speed_row(speed) for speed in speeds])
    output.print_mapping(about)


def _speed_entry(speed: BackendSpeed) -> dict[str, object]:
    fields = asdict(speed)
    del fields["backend"]
    return {"network": fields.pop("network"), "way": str(speed.backend), **fields}


def _speed_row(speed: BackendSpeed) -> tuple[str, ...]:
    if speed.failed:
        return (speed.network, str(speed.backend), speed.failed, "", "", "")
    numbers = (speed.rate, speed.times, speed.cosine_min, speed.cosine_mean)
    return (speed.network, str(speed.backend), *(f"{n or 0:.{d}f}" for n, d in zip(numbers, (1, 2, 5, 5), strict=True)))


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="The new pack's name.")],
    vit: Annotated[Path | None, typer.Option(help="timm weights: a hub folder with config.json, or one file.")] = None,
    vit_model: Annotated[str, typer.Option(help="The timm model of a single file (extra torch).")] = "",
    clip: Annotated[Path | None, typer.Option(help="A Chinese-CLIP checkpoint (.pt).")] = None,
    clip_model: Annotated[str, typer.Option(help="Its model: RN50, ViT-B-16, …, or a JSON shape.")] = "ViT-B-16",
    detector: Annotated[
        Path | None, typer.Option(help="A YOLOX ONNX file over the classes of COCO; no torch is needed.")
    ] = None,
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help=_INT8)] = "int8",
    torch: Annotated[bool, typer.Option("--torch", help=_TORCH)] = False,
    pictures: Annotated[Path | None, typer.Option(help=_PICTURES)] = None,
    json: output.Json = False,
) -> None:
    """Make a pack of your own weights. No torch is needed for --detector, a plain ViT of timm and Chinese-CLIP.

    Example: boxlens models export shop --detector yolox_s.onnx --clip clip_cn_rn50.pt --clip-model RN50
    """
    from boxlens.models.export.clip_model import ClipSource
    from boxlens.models.export.making import Making
    from boxlens.models.export.pack import PackSources, export_pack, read_pictures
    from boxlens.models.export.timm_model import TimmSource

    sources = PackSources(
        detector=detector,
        vit=TimmSource(vit, vit_model) if vit else None,
        clip=ClipSource(clip, clip_model) if clip else None,
    )
    pack, parities = export_pack(
        sources,
        output.settings().packs,
        name=name,
        making=Making(precision, torch),
        pictures=read_pictures(pictures) if pictures else (),
        said=lambda text: None if json else output.console.print(f"{text} ...", markup=False),
    )
    _made(_row(pack.spec, pack.folder), parities, json)


@app.command()
def pull(
    name: Annotated[Literal["photo"], typer.Argument(help="What to pull.")],
    size: Annotated[Literal["detector", "base", "large", "huge"], typer.Option(help=_SIZE)] = "base",
    detector: Annotated[str, typer.Option(help="YOLOX: s, tiny, nano, or an ONNX file.")] = "s",
    vit: Annotated[str, typer.Option(help="A timm repository of the hub, or a local folder.")] = "",
    clip: Annotated[str, typer.Option(help=_CLIP)] = "",
    clip_weights: Annotated[Path | None, typer.Option(help="A local checkpoint of it.")] = None,
    source: Annotated[Literal["auto", "hub", "modelscope"], typer.Option(help=_SOURCE)] = "auto",
    newest: Annotated[bool, typer.Option("--newest", help="Take the newest revisions, not the pinned ones.")] = False,
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help=_INT8)] = "int8",
    torch: Annotated[bool, typer.Option("--torch", help=_TORCH)] = False,
    pictures: Annotated[Path | None, typer.Option(help=_PICTURES)] = None,
    json: output.Json = False,
) -> None:
    """Download networks for photographs and make the pack of them. Example: boxlens models pull photo --size base"""
    from boxlens.models.export.making import Making
    from boxlens.models.export.pack import read_pictures
    from boxlens.models.packs.hub import HUB, MODELSCOPE, Hubs
    from boxlens.models.packs.pack import BUNDLED, find_pack
    from boxlens.models.packs.photo import VIT_REPO, PhotoChoice, Places, pull_photo

    settings = output.settings()
    bundled = find_pack(type(settings).model_fields["pack"].default, BUNDLED) if size == "detector" else None
    choice = PhotoChoice(size, detector, vit or VIT_REPO, clip, clip_weights, bundled, Making(precision, torch))
    hubs = Hubs(
        os.environ.get("HF_ENDPOINT") or HUB,
        os.environ.get("MODELSCOPE_ENDPOINT") or MODELSCOPE,
        os.environ.get("HF_TOKEN", ""),
        source,
    )
    with _bars(json) as bars:
        pack, parities = pull_photo(
            choice,
            Places(settings.data_dir / "downloads", settings.packs, hubs),
            pictures=read_pictures(pictures) if pictures else None,
            newest=newest,
            planned=(lambda _: None) if json else _tell_plan,
            at=bars.at,
            said=bars.said,
        )
    row = _row(pack.spec, pack.folder) | _used(pack.folder)
    _made(row, parities, json)
    if not json:
        output.console.print(f"Peak memory {row['peak_mb']} MB, on disk {row['disk_mb']} MB.", markup=False)
        moved = f"boxlens collections swap {settings.collection} --pack {name}"
        output.console.print(f"Move your collection to it: {moved}", markup=False)


class _Bars:
    """A bar for each file that is fetched."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def at(self, file: str, done: int, size: int) -> None:
        if file not in self._tasks:
            self._tasks[file] = self._bars.add_task(file)
        self._bars.update(self._tasks[file], completed=done, total=size or None)

    def said(self, text: str) -> None:
        if not self._bars.disable:
            self._bars.print(f"{text} ...", markup=False)


@contextmanager
def _bars(quiet: bool) -> Iterator[_Bars]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=output.console, disable=quiet) as bars:
        yield _Bars(bars)


def _tell_plan(plan: Plan) -> None:
    """What is fetched, from where, how large, under which licence, before the first byte."""
    rows = [(p.role, p.source, f"{p.size / 1e6:.1f} MB" if p.size else "not said", p.licence) for p in plan.pieces]
    output.print_table(("part", "from", "size", "licence"), rows)
    output.console.print(f"To be fetched: {plan.to_fetch / 1e6:.1f} MB.", markup=False)


def _used(folder: Path) -> dict[str, int]:
    """Peak memory of this process and disk of a pack, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {"peak_mb": peak // 1_000_000, "disk_mb": disk // 1_000_000}


def _made(row: dict[str, Any], parities: list[Parity], json: bool) -> None:
    if json:
        output.print_json(row | {"parity": [asdict(parity) for parity in parities]})
        return
    if parities:
        rows = [(p.network, _fp32(p), _int8(p), str(p.rows)) for p in parities]
        output.print_table(("network", "fp32, least cosine to torch", "int8, least cosine", "rows"), rows)
    output.console.print(f"{row['name']} is here. Use it with BOXLENS_PACK={row['name']}.", markup=False)


def _fp32(parity: Parity) -> str:
    return "built without torch" if parity.cosine is None else f"{parity.cosine:.5f}"


def _int8(parity: Parity) -> str:
    if parity.int8 is not None:
        return f"{parity.int8:.5f} ({parity.method})"
    return "none" if parity.tried_int8 is None else f"none: {parity.tried_int8:.5f} is too far"


app.command()(reduce)
