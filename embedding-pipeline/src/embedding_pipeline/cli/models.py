"""``boxlens models``: the packs that are here, and how others come."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from embedding_pipeline.cli import output

if TYPE_CHECKING:
    from embedding_pipeline.models.comparing import Nearness, Speed
    from embedding_pipeline.models.pack_spec import PackSpec
    from embedding_pipeline.models.torch_onnx import Parity

_INT8 = "int8: an int8 file beside each fp32 one, where it stays near."
_TORCH = "Keep the torch weights too, for BOXLENS_RUNTIME=torch and GPUs."
_PICTURES = "A folder of pictures such as the pack is for: to compare on, and to measure the ranges of int8."
app = typer.Typer(help="List, add, pull, export and verify model packs.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All packs that can be found. Example: boxlens models list"""
    from embedding_pipeline.models.packs import list_packs, read_spec
    from embedding_pipeline.wiring import pack_places

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
    else:
        output.console.print(f"No packs in {settings.packs}.")


def _row(spec: PackSpec, folder: Path) -> dict[str, Any]:
    roles = [role for role, _ in spec.parts()]
    forms = ["fp32", *sorted(spec.forms)]
    return {"name": spec.name, "revision": spec.fingerprint, "roles": roles, "forms": forms, "folder": str(folder)}


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="A folder with pack.json and the files it names.")],
    json: output.Json = False,
) -> None:
    """Take a pack in: every hash is checked, then it is copied whole. Example: boxlens models add ~/packs/shop"""
    from embedding_pipeline.models.packs import add_pack

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
    from embedding_pipeline.models.packs import find_pack, list_packs
    from embedding_pipeline.wiring import pack_places

    places = pack_places(output.settings())
    folders = [find_pack(name, *places)] if name else list_packs(*places)
    told = [_verified(folder, pictures, quiet=json) for folder in folders]
    if json:
        output.print_json(told[0] if name else told)
    if not all(each["good"] for pack in told for each in pack["parity"]):
        raise typer.Exit(4)


def _verified(folder: Path, pictures: Path | None, *, quiet: bool) -> dict[str, Any]:
    """One pack, checked and printed. Raises ModelMissing at what cannot be used."""
    from embedding_pipeline.models.comparing import nearness
    from embedding_pipeline.models.packs import load_pack

    pack = load_pack(folder, verify=True)
    pack.warm_up()
    name, files = pack.info.name, {str(file.path): file.sha256 for file in pack.spec.files()}
    near = nearness(pack, _crops(pictures))
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


def _near_row(near: Nearness) -> tuple[str, ...]:
    recorded = "" if near.recorded is None else f"{near.recorded:.5f}"
    cosine = "not computed here" if near.cosine is None else f"{near.cosine:.5f}"
    return (near.network, near.what, cosine, recorded, str(near.least), str(near.rows))


def _crops(pictures: Path | None, most: int = 24) -> list[Any]:
    """Crops of the pictures of a folder, or seeded ones."""
    from embedding_pipeline.models.export_pack import crops_of, made_pictures, read_pictures

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
    from embedding_pipeline.models.comparing import bench as measure
    from embedding_pipeline.models.packs import find_pack, load_pack
    from embedding_pipeline.models.ways import processor, versions
    from embedding_pipeline.wiring import pack_places

    settings = output.settings()
    pack = load_pack(find_pack(name or settings.pack, *pack_places(settings)))
    crops = _crops(pictures, most=8)
    speeds = measure(pack, crops, batch=batch, rounds=rounds, threads=settings.threads, say=output.say)
    about = {
        "pack": f"{pack.info.name} {pack.info.revision}",
        "crops": f"{len(crops)} {'of ' + str(pictures) if pictures else 'made ones'}, {batch} a call, {rounds} rounds",
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "versions": " ".join(f"{runtime} {version}" for runtime, version in versions().items()),
        "date": datetime.now(UTC).date().isoformat(),
    }
    if json:
        output.print_json(about | {"ways": [asdict(s) | {"way": str(s.way)} for s in speeds]})
        return
    columns = ("network", "way", "rows/s", "times fp32", "least cosine", "mean cosine")
    output.print_table(columns, [_speed_row(speed) for speed in speeds])
    output.print_mapping(about)


def _speed_row(speed: Speed) -> tuple[str, ...]:
    if speed.failed:
        return (speed.network, str(speed.way), speed.failed, "", "", "")
    numbers = (speed.rate, speed.times, speed.cosine_min, speed.cosine_mean)
    return (speed.network, str(speed.way), *(f"{n or 0:.{d}f}" for n, d in zip(numbers, (1, 2, 5, 5), strict=True)))


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="The new pack's name.")],
    vit: Annotated[Path | None, typer.Option(help="timm weights: a hub folder with config.json, or one file.")] = None,
    vit_model: Annotated[str, typer.Option(help="The timm model of a single file of weights.")] = "",
    clip: Annotated[Path | None, typer.Option(help="A Chinese-CLIP checkpoint (.pt).")] = None,
    clip_model: Annotated[str, typer.Option(help="Its model: RN50, ViT-B-16, …, or a JSON shape.")] = "ViT-B-16",
    detector: Annotated[Path | None, typer.Option(help="A YOLOX ONNX file over the classes of COCO.")] = None,
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help=_INT8)] = "int8",
    torch: Annotated[bool, typer.Option("--torch", help=_TORCH)] = False,
    pictures: Annotated[Path | None, typer.Option(help=_PICTURES)] = None,
    json: output.Json = False,
) -> None:
    """Make a pack of your own weights (extra torch). Example: boxlens models export shop --clip clip_cn_rn50.pt"""
    from embedding_pipeline.models.export_clip import ClipSource
    from embedding_pipeline.models.export_pack import PackSources, export_pack, read_pictures
    from embedding_pipeline.models.export_timm import TimmSource
    from embedding_pipeline.models.torch_onnx import Making

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
    detector: Annotated[str, typer.Option(help="YOLOX: s, tiny, nano, or an ONNX file.")] = "s",
    vit: Annotated[str, typer.Option(help="A timm repository of the hub, or a local folder.")] = "",
    clip: Annotated[str, typer.Option(help="RN50, ViT-B-16, ViT-L-14, ViT-L-14-336, ViT-H-14.")] = "ViT-B-16",
    clip_weights: Annotated[Path | None, typer.Option(help="A local checkpoint of it.")] = None,
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help=_INT8)] = "int8",
    torch: Annotated[bool, typer.Option("--torch", help=_TORCH)] = False,
    pictures: Annotated[Path | None, typer.Option(help=_PICTURES)] = None,
    json: output.Json = False,
) -> None:
    """Download real networks and make the pack of them (extra torch). Example: boxlens models pull photo"""
    import os

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from embedding_pipeline.models.export_pack import read_pictures
    from embedding_pipeline.models.hub import HUB
    from embedding_pipeline.models.photo_pack import VIT_REPO, PhotoChoice, Places, pull_photo
    from embedding_pipeline.models.torch_onnx import Making

    settings = output.settings()
    choice = PhotoChoice(detector, vit or VIT_REPO, clip, clip_weights, Making(precision, torch))
    places = Places(settings.data_dir / "downloads", settings.packs, os.environ.get("HF_ENDPOINT") or HUB)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=output.console, disable=json) as bars:
        tasks: dict[str, Any] = {}

        def at(file: str, done: int, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file)
            bars.update(tasks[file], completed=done, total=size or None)

        said = (lambda _: None) if json else (lambda text: bars.print(f"{text} ..."))
        pack, parities = pull_photo(
            choice, places, pictures=read_pictures(pictures) if pictures else None, at=at, said=said
        )
    _made(_row(pack.spec, pack.folder), parities, json)


def _made(row: dict[str, Any], parities: list[Parity], json: bool) -> None:
    if json:
        output.print_json(row | {"parity": [asdict(parity) for parity in parities]})
        return
    shown = [(p.network, f"{p.cosine:.5f}", _int8(p), str(p.rows)) for p in parities]
    output.print_table(("network", "least cosine to torch, fp32", "int8", "rows"), shown)
    output.console.print(f"{row['name']} is here. Use it with BOXLENS_PACK={row['name']}.", markup=False)


def _int8(parity: Parity) -> str:
    if parity.int8 is not None:
        return f"{parity.int8:.5f} ({parity.method})"
    return "none" if parity.tried_int8 is None else f"none: {parity.tried_int8:.5f} is too far"
