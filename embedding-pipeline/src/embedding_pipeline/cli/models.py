"""``boxlens models``: the packs that are here, and how others come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from embedding_pipeline.cli import output

if TYPE_CHECKING:
    from embedding_pipeline.models.pack_spec import PackSpec
    from embedding_pipeline.models.torch_onnx import Parity

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
        rows = [(p["name"], str(p["revision"])[:12], " ".join(p["roles"]), p["folder"]) for p in packs]
        output.print_table(("pack", "revision", "roles", "folder"), rows)
    else:
        output.console.print(f"No packs in {settings.packs}.")


def _row(spec: PackSpec, folder: Path) -> dict[str, Any]:
    roles = [role for role, _ in spec.parts()]
    return {"name": spec.name, "revision": spec.fingerprint, "roles": roles, "folder": str(folder)}


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
def verify(name: Annotated[str, typer.Argument(help="The pack's name.")], json: output.Json = False) -> None:
    """Read every file of a pack, compare its hash, and run every network once. Example: boxlens models verify demo"""
    from embedding_pipeline.models.packs import find_pack, load_pack
    from embedding_pipeline.wiring import pack_places

    pack = load_pack(find_pack(name, *pack_places(output.settings())), verify=True)
    pack.warm_up()
    files = {str(file.path): file.sha256 for file in pack.spec.files()}
    if json:
        output.print_json({"name": name, "revision": pack.info.revision, "files": files})
    else:
        output.print_table(("file", "sha256"), list(files.items()))
        output.console.print(f"{name}: all {len(files)} files are as they should be, and every network runs.")


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="The new pack's name.")],
    vit: Annotated[Path | None, typer.Option(help="timm weights: a hub folder with config.json, or one file.")] = None,
    vit_model: Annotated[str, typer.Option(help="The timm model of a single file of weights.")] = "",
    clip: Annotated[Path | None, typer.Option(help="A Chinese-CLIP checkpoint (.pt).")] = None,
    clip_model: Annotated[str, typer.Option(help="Its model: RN50, ViT-B-16, …, or a JSON shape.")] = "ViT-B-16",
    detector: Annotated[Path | None, typer.Option(help="A YOLOX ONNX file over the classes of COCO.")] = None,
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help="int8 where it stays near fp32.")] = "int8",
    pictures: Annotated[Path | None, typer.Option(help="A folder of pictures to compare on.")] = None,
    json: output.Json = False,
) -> None:
    """Make a pack of your own weights (extra torch). Example: boxlens models export shop --clip clip_cn_rn50.pt"""
    from embedding_pipeline.models.export_clip import ClipSource
    from embedding_pipeline.models.export_pack import PackSources, export_pack, read_pictures
    from embedding_pipeline.models.export_timm import TimmSource

    sources = PackSources(
        detector=detector,
        vit=TimmSource(vit, vit_model) if vit else None,
        clip=ClipSource(clip, clip_model) if clip else None,
    )
    pack, parities = export_pack(
        sources,
        output.settings().packs,
        name=name,
        precision=precision,
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
    precision: Annotated[Literal["int8", "fp32"], typer.Option(help="int8 where it stays near fp32.")] = "int8",
    json: output.Json = False,
) -> None:
    """Download real networks and make the pack of them (extra torch). Example: boxlens models pull photo"""
    import os

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from embedding_pipeline.models.hub import HUB
    from embedding_pipeline.models.photo_pack import VIT_REPO, PhotoChoice, Places, pull_photo

    settings = output.settings()
    choice = PhotoChoice(detector, vit or VIT_REPO, clip, clip_weights, precision)
    places = Places(settings.data_dir / "downloads", settings.packs, os.environ.get("HF_ENDPOINT") or HUB)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=output.console, disable=json) as bars:
        tasks: dict[str, Any] = {}

        def at(file: str, done: int, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file)
            bars.update(tasks[file], completed=done, total=size or None)

        said = (lambda _: None) if json else (lambda text: bars.print(f"{text} ..."))
        pack, parities = pull_photo(choice, places, at=at, said=said)
    _made(_row(pack.spec, pack.folder), parities, json)


def _made(row: dict[str, Any], parities: list[Parity], json: bool) -> None:
    from dataclasses import asdict

    if json:
        output.print_json(row | {"parity": [asdict(parity) for parity in parities]})
        return
    shown = [
        (p.network, p.precision, f"{p.cosine:.5f}", str(p.rows), "" if p.tried_int8 is None else f"{p.tried_int8:.5f}")
        for p in parities
    ]
    output.print_table(("network", "kept as", "least cosine to torch", "rows", "as int8"), shown)
    output.console.print(f"{row['name']} is here. Use it with BOXLENS_PACK={row['name']}.", markup=False)
