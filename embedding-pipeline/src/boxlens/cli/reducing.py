"""``boxlens models reduce``: a pack of fewer dimensions, for collections that grow large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from boxlens.cli import output

if TYPE_CHECKING:
    from boxlens.domain.objects import Vector
    from boxlens.models.export.projection import Loss
    from boxlens.wiring import Boxlens

_SAMPLE = 4000
_SHARES = (0.75, 0.5, 0.25)  # of the dims there are: what is measured where none are given


def reduce(
    name: Annotated[str, typer.Argument(help="The new pack's name.")],
    collection: Annotated[str, typer.Option("-c", "--collection", help="Whose vectors it is to suit.")] = "",
    vit_dims: Annotated[int, typer.Option(min=0, help="Dims of its picture vectors; 0: as they are.")] = 0,
    clip_dims: Annotated[int, typer.Option(min=0, help="Dims of its vectors of words; 0: as they are.")] = 0,
    json: output.Json = False,
) -> None:
    """A collection's pack with fewer dims. Without dims it only says what would be lost.

    Example: boxlens models reduce small -c shop --vit-dims 256 --clip-dims 256
    """
    from boxlens.domain.errors import BadInput
    from boxlens.models.export.projection import FEWEST_VECTORS, directions, loss, reduce_pack
    from boxlens.wiring import open_boxlens

    settings = output.settings()
    chosen = collection or settings.collection
    dims_asked = {"vit": vit_dims, "clip": clip_dims}
    with open_boxlens(settings, output.report) as opened:
        boxlens = opened.for_collection(chosen)
        samples = {}
        if boxlens.pack.vit_dims is not None:
            samples["vit"] = boxlens.index.sample(chosen, "vit", _SAMPLE)
        if boxlens.pack.clip_dims is not None:
            samples["clip"] = boxlens.index.sample(chosen, "clip", _SAMPLE)
        fewest = min(map(len, samples.values()), default=0)
        if fewest < FEWEST_VECTORS:
            raise BadInput(
                f"{chosen} has {fewest} objects with vectors: too few to tell what would be lost.",
                hint=f"Take pictures in until it has {FEWEST_VECTORS}, or name another with --collection.",
                place="collection",
            )
        texts = _texts(boxlens)
        losses = [
            loss(signal, vectors, dims, texts if signal == "clip" else None)
            for signal, vectors in samples.items()
            for dims in ([dims_asked[signal]] if dims_asked[signal] else _offered(vectors))
        ]
        if not json:
            _tell(losses, fewest)
        folder = None
        if any(dims_asked.values()):
            matrices = {key: directions(rows, dims_asked[key]) for key, rows in samples.items() if dims_asked[key]}
            folder = reduce_pack(boxlens.loaded.folder, settings.packs, name=name, **matrices).folder
    if json:
        output.print_json({"pack": None if folder is None else name, "losses": [_entry(entry) for entry in losses]})
    elif folder is None:
        output.console.print("Choose with --vit-dims and --clip-dims; nothing was written.")
    else:
        output.console.print(f"{name} is here. Move the collection to it:", markup=False)
        output.line(f"  boxlens collections swap {chosen} --pack {name}")


def _offered(vectors: Vector) -> list[int]:
    return [round(share * vectors.shape[1]) for share in _SHARES]


def _texts(boxlens: Boxlens) -> Vector | None:
    """The names of the pack's labels in both languages, as they are searched for."""
    names = [name for label in boxlens.labels for name in (*label.en[:1], *label.zh[:1])]
    return boxlens.texts.encode_texts(names) if boxlens.texts is not None and names else None


def _tell(losses: list[Loss], objects: int) -> None:
    rows = [
        (entry.signal, str(entry.dims), f"{entry.kept:.3f}", "" if entry.texts is None else f"{entry.texts:.3f}")
        for entry in losses
    ]
    output.print_table(("vector", "dims", "nearest 10 kept", "nearest 10 to names kept"), rows)
    output.console.print(f"Measured on {objects:,} objects of the collection, half of them for finding the directions.")


def _entry(entry: Loss) -> dict[str, Any]:
    return {"signal": entry.signal, "dims": entry.dims, "kept": entry.kept, "texts": entry.texts}
