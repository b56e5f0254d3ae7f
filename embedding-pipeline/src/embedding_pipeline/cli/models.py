"""``boxlens models``: the packs that are here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from embedding_pipeline.cli import output

if TYPE_CHECKING:
    from embedding_pipeline.models.pack_spec import PackSpec

app = typer.Typer(help="List, add and verify model packs.", no_args_is_help=True)


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
