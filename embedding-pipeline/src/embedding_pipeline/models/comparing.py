"""Every way to run a pack's encoders beside plain fp32: how fast each is, and how near its vectors are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from embedding_pipeline.domain import Pixels
from embedding_pipeline.errors import BoxlensError, ModelMissing
from embedding_pipeline.models.chinese_clip import SENTENCES, WordPieces
from embedding_pipeline.models.pack_files import place
from embedding_pipeline.models.pack_spec import NEAR, SAME, Int8Spec, PackSpec, ParitySpec
from embedding_pipeline.models.packs import Pack
from embedding_pipeline.models.runtime import Array, Session
from embedding_pipeline.models.sessions import Files, Network, machine_for, session_by
from embedding_pipeline.models.vit import cosines
from embedding_pipeline.models.ways import CAN, RUNTIMES, Wanted, Way, missing_packages

_TEXTS = "clip_text"


@dataclass(frozen=True, slots=True)
class Speed:
    """One way of one network: rows (crops or texts) a second in the median round, and the cosine of its vectors to
    those of plain fp32; ``failed`` says why there are none."""

    network: Network
    way: Way
    rate: float | None = None
    times: float | None = None  # as fast as onnx fp32 in the same run
    cosine_min: float | None = None
    cosine_mean: float | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Nearness:
    """Another form of a network beside its fp32 file: the int8 file, or torch itself.

    ``cosine``: the least over ``rows`` inputs, computed now; None where it cannot be (torch or its weights are not
    here). ``recorded``: what pack.json says of it. ``least``: what is wanted.
    """

    network: Network
    what: str
    cosine: float | None
    rows: int
    recorded: float | None
    least: float

    @property
    def good(self) -> bool:
        return self.cosine is None or self.cosine >= self.least


def bench(
    pack: Pack,
    pictures: Sequence[Pixels],
    *,
    batch: int = 8,
    rounds: int = 5,
    threads: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> list[Speed]:
    """Each encoder in every way that is open here, in interleaved rounds of ``batch`` rows of the given crops.

    The text tower takes one text a call, as a search does. Raises ModelMissing when the pack has no encoder.
    """
    found: list[Speed] = []
    for name, files in pack.files.items():
        if name == "detector":
            continue
        say(f"{name} …")
        inputs = _inputs(pack, name, pictures)
        found.extend(_speeds(name, files, inputs, 1 if name == _TEXTS else batch, rounds, threads))
    if not found:
        raise ModelMissing(
            f"Pack {pack.info.name} has no encoder to measure.", hint="Choose another: boxlens models list"
        )
    return found


def nearness(pack: Pack, pictures: Sequence[Pixels]) -> list[Nearness]:
    """Each encoder's int8 file, and its torch weights where torch is installed, beside the fp32 file.

    Raises ModelMissing when a file cannot be run.
    """
    found: list[Nearness] = []
    for name, (parity, int8) in _recorded(pack.spec).items():
        files = pack.files[name]
        torch = files.load is not None and not missing_packages("torch")
        if not (int8 or torch or parity):
            continue
        inputs = _inputs(pack, name, pictures)
        wanted = _vectors(session_by(Way(), files), inputs) if int8 or torch else None
        if parity or torch:
            cosine = _least(session_by(Way("torch"), files), inputs, wanted) if torch else None
            recorded = parity.cosine if parity else None
            rows = len(inputs) if torch or not parity else parity.rows
            found.append(Nearness(name, "torch", cosine, rows, recorded, SAME))
        if int8:
            cosine = _least(session_by(Way("onnx", "int8"), files), inputs, wanted)
            found.append(Nearness(name, f"int8 ({int8.method})", cosine, len(inputs), int8.cosine, NEAR))
    return found


def _recorded(spec: PackSpec) -> dict[Network, tuple[ParitySpec | None, Int8Spec | None]]:
    found: dict[Network, tuple[ParitySpec | None, Int8Spec | None]] = {}
    if spec.vit:
        found["vit"] = (spec.vit.parity, spec.vit.int8)
    if spec.clip:
        found["clip_image"] = (spec.clip.image_parity, spec.clip.image_int8)
        found["clip_text"] = (spec.clip.text_parity, spec.clip.text_int8)
    return found


def _least(session: Session, inputs: Array, wanted: Array | None) -> float | None:
    return None if wanted is None else float(cosines(_vectors(session, inputs), wanted).min())


def _inputs(pack: Pack, name: Network, pictures: Sequence[Pixels]) -> Array:
    if name == "vit" and pack.spec.vit:
        return pack.spec.vit.preprocess.batch(pictures)
    assert pack.spec.clip is not None
    if name == "clip_image":
        return pack.spec.clip.preprocess.batch(pictures)
    clip = pack.spec.clip
    return WordPieces(place(pack.folder, clip.vocabulary, pack.info.name), context_length=clip.context_length)(
        SENTENCES
    )


def _open_ways(files: Files) -> list[Way]:
    """Every runtime and precision that is installed and in the pack, plain fp32 first."""
    machine = machine_for(Wanted("auto"), {files.name: files})
    found = [Way()]
    for runtime in RUNTIMES:
        if runtime not in machine.installed or (runtime == "torch" and not files.load):
            continue
        devices = ("cpu", "cuda") if runtime == "torch" and machine.cuda else ("cpu",)
        for device in devices:
            for precision in CAN[runtime]:
                way = Way(runtime, precision, "cuda" if device == "cuda" else "cpu")
                if way != Way() and (precision != "int8" or files.int8):
                    found.append(way)
    return found


def _speeds(name: Network, files: Files, inputs: Array, batch: int, rounds: int, threads: int) -> list[Speed]:
    sessions: dict[Way, Session] = {}
    vectors: dict[Way, Array] = {}
    failed: dict[Way, str] = {}
    for way in _open_ways(files):
        try:
            session = session_by(way, files, threads)
            vectors[way] = _vectors(session, inputs)
            session.run(inputs[:batch])  # a batch of another size may be prepared anew
            sessions[way] = session
        except (BoxlensError, RuntimeError) as error:
            failed[way] = str(error)
    times = _timed(sessions, inputs, batch, rounds)
    plain = Way()
    rows = [Speed(name, way, failed=why) for way, why in failed.items()]
    if plain not in sessions:
        return rows
    for way in sessions:
        near = cosines(vectors[way], vectors[plain])
        rate, ratio = batch / median(times[way]), median(times[plain]) / median(times[way])
        rows.append(Speed(name, way, rate, ratio, float(near.min()), float(near.mean())))
    return rows


def _timed(sessions: Mapping[Way, Session], inputs: Array, batch: int, rounds: int) -> dict[Way, list[float]]:
    """Seconds of each round. The ways take turns on the same rows, so that a busy moment of the machine meets all."""
    times: dict[Way, list[float]] = {way: [] for way in sessions}
    for number in range(rounds):
        rows = np.ascontiguousarray(np.roll(inputs, -number * batch, axis=0)[:batch])
        for way, session in sessions.items():
            started = time.perf_counter()
            session.run(rows)
            times[way].append(time.perf_counter() - started)
    return times


def _vectors(session: Session, inputs: Array) -> Array:
    return np.concatenate([session.run(inputs[at : at + 8])[0] for at in range(0, len(inputs), 8)])
