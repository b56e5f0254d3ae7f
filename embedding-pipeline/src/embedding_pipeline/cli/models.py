"""``boxlens models``: the packs that are here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from embedding_pipeline.cli import output
from embedding_pipeline.domain import PackInfo

app = typer.Typer(help="List and verify model packs.", no_args_is_help=True)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All packs that can be found. Example: boxlens models list"""
    from embedding_pipeline.models.packs import list_packs

    settings = output.settings()
    packs = [_row(pack.info, pack.folder) for pack in list_packs(settings.packs)]
    if json:
        output.print_json(packs)
    elif packs:
        rows = [(p["name"], str(p["revision"])[:12], p["vit_dims"] or "off", p["clip_dims"] or "off") for p in packs]
        output.print_table(("pack", "revision", "ViT dims", "CLIP dims"), rows)
    else:
        output.console.print(f"No packs in {settings.packs}.")


def _row(info: PackInfo, folder: Path) -> dict[str, object]:
    dims = {"vit_dims": info.vit_dims, "clip_dims": info.clip_dims}
    return {"name": info.name, "revision": info.revision, "folder": str(folder)} | dims


@app.command()
def verify(name: Annotated[str, typer.Argument(help="The pack's name.")], json: output.Json = False) -> None:
    """Read every file of a pack and compare its hash. Example: boxlens models verify demo"""
    from embedding_pipeline.models.packs import find_pack

    settings = output.settings()
    files = find_pack(name, settings.packs).verify()
    if json:
        output.print_json(files)
    else:
        output.print_table(("file", "sha256"), list(files.items()))
        output.console.print(f"{name}: all {len(files)} files are as they should be.")
