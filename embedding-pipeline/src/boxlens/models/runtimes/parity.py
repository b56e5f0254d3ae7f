"""Every backend of a pack's encoders beside plain fp32: how fast each is, and how near its vectors are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from boxlens.domain.errors import BoxlensError, ModelMissing
from boxlens.domain.pictures import Pixels
from boxlens.models.image_encoder import cosines
from boxlens.models.packs.files import place
from boxlens.models.packs.pack import Pack
from boxlens.models.packs.spec import MIN_FP32_COSINE, MIN_INT8_COSINE, Int8Spec, PackSpec, ParitySpec
from boxlens.models.runtimes.backends import PRECISIONS, RUNTIMES, Backend, BackendRequest, breaks, missing_packages
from boxlens.models.runtimes.session import Array, Session
from boxlens.models.runtimes.session_factory import ModelFiles, Network, host_for, make_session
from boxlens.models.text_encoder import SENTENCES, WordPieces

_TEXTS = "clip_text"


@dataclass(frozen=True, slots=True)
class BackendSpeed:
    """One backend of one network: rows (crops or texts) a second in the median round, and the cosine of its vectors to
    those of plain fp32; ``failed`` says why there are none."""

    network: Network
    backend: Backend
    rate: float | None = None
    times: float | None = None  # as fast as onnx fp32 in the same run
    cosine_min: float | None = None
    cosine_mean: float | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class ParityResult:
    """Another form of a network beside its fp32 file: the int8 file, or torch itself.

    ``cosine``: the least over ``rows`` inputs, computed now; None where it cannot be (torch or its weights are not
    here). ``recorded``: what pack.json says of it. ``minimum``: what is required.
    """

    network: Network
    what: str
    cosine: float | None
    rows: int
    recorded: float | None
    minimum: float

    @property
    def good(self) -> bool:
        return self.cosine is None or self.cosine >= self.minimum


def bench(
    pack: Pack,
    pictures: Sequence[Pixels],
    *,
    batch: int = 8,
    rounds: int = 5,
    threads: int = 0,
    report: Callable[[str], None] = lambda _: None,
) -> list[BackendSpeed]:
    """Each encoder on every backend that is open here, in interleaved rounds of ``batch`` rows of the given crops.

    The text tower takes one text a call, as a search does. Raises ModelMissing when the pack has no encoder.
    """
    results: list[BackendSpeed] = []
    for name, files in pack.files.items():
        if name == "detector":
            continue
        report(f"{name} …")
        inputs = _inputs(pack, name, pictures)
        results.extend(_speeds(name, files, inputs, 1 if name == _TEXTS else batch, rounds, threads))
    if not results:
        raise ModelMissing(
            f"Pack {pack.info.name} has no encoder to measure.", hint="Choose another: boxlens models list"
        )
    return results


def check_parity(pack: Pack, pictures: Sequence[Pixels]) -> list[ParityResult]:
    """Each encoder's int8 file, and its torch weights where torch is installed, beside the fp32 file.

    Raises ModelMissing when a file cannot be run.
    """
    results: list[ParityResult] = []
    for name, (parity, int8) in _recorded(pack.spec).items():
        files = pack.files[name]
        torch = files.load is not None and not missing_packages("torch")
        if not (int8 or torch or parity):
            continue
        inputs = _inputs(pack, name, pictures)
        reference = _vectors(make_session(Backend(), files), inputs) if int8 or torch else None
        if parity or torch:
            cosine = _least(make_session(Backend("torch"), files), inputs, reference) if torch else None
            recorded = parity.cosine if parity else None
            rows = len(inputs) if torch or not parity else parity.rows
            results.append(ParityResult(name, "torch", cosine, rows, recorded, MIN_FP32_COSINE))
        if int8:
            cosine = _least(make_session(Backend("onnx", "int8"), files), inputs, reference)
            results.append(
                ParityResult(name, f"int8 ({int8.method})", cosine, len(inputs), int8.cosine, MIN_INT8_COSINE)
            )
    return results


def _recorded(spec: PackSpec) -> dict[Network, tuple[ParitySpec | None, Int8Spec | None]]:
    results: dict[Network, tuple[ParitySpec | None, Int8Spec | None]] = {}
    if spec.vit:
        results["vit"] = (spec.vit.parity, spec.vit.int8)
    if spec.clip:
        results["clip_image"] = (spec.clip.image_parity, spec.clip.image_int8)
        results["clip_text"] = (spec.clip.text_parity, spec.clip.text_int8)
    return results


def _least(session: Session, inputs: Array, reference: Array | None) -> float | None:
    return None if reference is None else float(cosines(_vectors(session, inputs), reference).min())


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


def _open_backends(files: ModelFiles) -> list[Backend]:
    """Every runtime and precision that is installed and in the pack, plain fp32 first."""
    host = host_for(BackendRequest("auto"), {files.name: files})
    results = [Backend()]
    for runtime in RUNTIMES:
        if runtime not in host.installed or (runtime == "torch" and not files.load):
            continue
        devices = ("cpu", "cuda") if runtime == "torch" and host.cuda else ("cpu",)
        for device in devices:
            for precision in PRECISIONS[runtime]:
                backend = Backend(runtime, precision, "cuda" if device == "cuda" else "cpu")
                held = precision != "int8" or files.int8 is not None
                if backend != Backend() and held and not breaks(runtime, precision, files.variants):
                    results.append(backend)
    return results


def _speeds(
    name: Network, files: ModelFiles, inputs: Array, batch: int, rounds: int, threads: int
) -> list[BackendSpeed]:
    sessions: dict[Backend, Session] = {}
    vectors: dict[Backend, Array] = {}
    failed: dict[Backend, str] = {}
    for backend in _open_backends(files):
        try:
            session = make_session(backend, files, threads)
            vectors[backend] = _vectors(session, inputs)
            session.run(inputs[:batch])  # a batch of another size may be prepared anew
            sessions[backend] = session
        except (BoxlensError, RuntimeError) as error:
            failed[backend] = str(error)
    times = _timed(sessions, inputs, batch, rounds)
    plain = Backend()
    rows = [BackendSpeed(name, backend, failed=why) for backend, why in failed.items()]
    if plain not in sessions:
        return rows
    for backend in sessions:
        near = cosines(vectors[backend], vectors[plain])
        rate, ratio = batch / median(times[backend]), median(times[plain]) / median(times[backend])
        rows.append(BackendSpeed(name, backend, rate, ratio, float(near.min()), float(near.mean())))
    return rows


def _timed(sessions: Mapping[Backend, Session], inputs: Array, batch: int, rounds: int) -> dict[Backend, list[float]]:
    """Seconds of each round. The backends take turns on the same rows, so that a busy moment meets all."""
    times: dict[Backend, list[float]] = {backend: [] for backend in sessions}
    for number in range(rounds):
        rows = np.ascontiguousarray(np.roll(inputs, -number * batch, axis=0)[:batch])
        for backend, session in sessions.items():
            started = time.perf_counter()
            session.run(rows)
            times[backend].append(time.perf_counter() - started)
    return times


def _vectors(session: Session, inputs: Array) -> Array:
    return np.concatenate([session.run(inputs[at : at + 8])[0] for at in range(0, len(inputs), 8)])
