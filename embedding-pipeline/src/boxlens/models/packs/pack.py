"""A pack: a folder with pack.json and the files of one detector, one ViT, one CLIP and OCR, any of which may miss."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from boxlens.domain.collections import PackInfo
from boxlens.domain.errors import BoxlensError, ModelMissing
from boxlens.domain.local_files import reason, refusal
from boxlens.domain.objects import LabelName
from boxlens.models.common_names import add_common_names
from boxlens.models.detector import YoloDetector
from boxlens.models.image_encoder import OnnxImageEncoder
from boxlens.models.ocr import OcrFiles, RapidTextReader
from boxlens.models.packs.files import check
from boxlens.models.packs.spec import NAME, ROLES, ClipSpec, DetectorSpec, FileSpec, OcrSpec, PackSpec, Role, VitSpec
from boxlens.models.runtimes.autotune import AutotunedSession
from boxlens.models.runtimes.session import Session
from boxlens.models.runtimes.session_factory import ModelFiles, Network, RunSettings, make_sessions, model_files
from boxlens.models.text_encoder import ClipTextEncoder, WordPieces

PACK_FILE = "pack.json"

RESEARCH_ONLY = "Its weights are for evaluation and research only; for other uses: boxlens models pull photo"

BUNDLED = Path(__file__).parent / "bundled"
"""The folder of the packs that come with Boxlens."""


@dataclass(frozen=True, slots=True)
class PartLicence:
    """Under what a part of a pack may be used, and where it comes from."""

    role: Role
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How networks run (by default by onnxruntime in fp32), and the detector's thresholds."""

    running: RunSettings = field(default_factory=RunSettings)
    score_threshold: float = 0.3
    nms_iou: float = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """The networks of a pack, None for a role it does not have. Nothing is loaded before its first use.

    May be used from several threads at once.
    """

    info: PackInfo
    folder: Path
    spec: PackSpec = field(repr=False)
    detector: YoloDetector | None
    vit: OnnxImageEncoder | None
    clip_image: OnnxImageEncoder | None
    clip_text: ClipTextEncoder | None
    ocr: RapidTextReader | None
    files: Mapping[Network, ModelFiles] = field(repr=False)
    sessions: Mapping[Network, AutotunedSession] = field(repr=False)

    @property
    def labels(self) -> Sequence[LabelName]:
        return self.detector.labels if self.detector else ()

    @property
    def crop_padding(self) -> float:
        return self.spec.crop_padding

    @property
    def about(self) -> str:
        """One line: its name, what it is good for, and where its weights may be used."""
        return about(self.spec)

    @property
    def threshold(self) -> float:
        """The score 0..1 from which a box is an object."""
        return self.spec.detector.threshold if self.spec.detector else 0.0

    @property
    def missing(self) -> tuple[Role, ...]:
        """Roles this pack does not have: what depends on them is off."""
        has = {role for role, _ in self.spec.parts()}
        return tuple(role for role in ROLES if role not in has)

    @property
    def licences(self) -> tuple[PartLicence, ...]:
        return tuple(PartLicence(role, part.licence, part.source) for role, part in self.spec.parts())

    def with_thresholds(self, *, score_threshold: float, nms_iou: float) -> Pack:
        """The same networks, the detector with other thresholds; nothing is loaded again."""
        if self.detector is None:
            return self
        return replace(self, detector=self.detector.with_thresholds(score_threshold=score_threshold, nms_iou=nms_iou))

    def warm_up(self) -> None:
        """Load every network and compare its shapes with pack.json. Raises ModelMissing."""
        for part in (self.detector, self.vit, self.clip_image, self.clip_text, self.ocr):
            if part is not None:
                part.check()


def load_pack(folder: Path, options: RunOptions = RunOptions(), *, verify: bool = False) -> Pack:
    """The pack in a folder, its files checked by size and hash; ``verify`` computes every hash again.

    Raises ModelMissing with the path, what was wanted and found, and the command that repairs.
    """
    spec = read_spec(folder)
    paths = check(folder, spec.files(), spec.name, force=verify)
    files = model_files(spec, paths)
    sessions = make_sessions(spec.name, files, options.running)
    return Pack(
        info=PackInfo(
            name=spec.name,
            revision=spec.fingerprint,
            vit_dims=spec.vit.dims if spec.vit else None,
            clip_dims=spec.clip.dims if spec.clip else None,
        ),
        folder=folder,
        spec=spec,
        detector=_detector(spec.detector, sessions["detector"], options) if spec.detector else None,
        vit=_encoder(spec.vit, sessions["vit"], "vit") if spec.vit else None,
        clip_image=_encoder(spec.clip, sessions["clip_image"], "CLIP image") if spec.clip else None,
        clip_text=_clip_text(spec.clip, paths, sessions["clip_text"]) if spec.clip else None,
        ocr=_reader(spec.ocr, paths, options) if spec.ocr else None,
        files=files,
        sessions=sessions,
    )


def read_spec(folder: Path) -> PackSpec:
    """What pack.json says. Raises ModelMissing when it is absent or says what cannot be."""
    path = folder / PACK_FILE
    try:
        return PackSpec.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelMissing(f"There is no pack at {folder}: {path}: {reason(error)}.", hint=_LIST) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelMissing(f"{path} cannot be used: {where}: {first['msg']}.", hint=_DESCRIBED) from error


def about(spec: PackSpec) -> str:
    """One line on a pack: its name, what it is good for, and what to do where its weights are for research alone."""
    text = f"Pack {spec.name}" + (f": {spec.description.rstrip('.')}." if spec.description else ".")
    return text + (f" {RESEARCH_ONLY}" if research_only(spec) else "")


def research_only(spec: PackSpec) -> bool:
    """Whether the licence of a part allows evaluation and research alone."""
    return any("evaluation and research only" in part.licence for _, part in spec.parts())


def find_pack(name: str, *places: Path) -> Path:
    """The folder of the pack of that name, in the first of the places that has it. Raises ModelMissing."""
    if re.fullmatch(NAME, name):
        for parent in places:
            try:
                if (parent / name / PACK_FILE).is_file():
                    return parent / name
            except OSError as error:
                raise ModelMissing(
                    f"The packs in {parent} cannot be read: {reason(error)}.",
                    hint=f"Give user {os.geteuid()} the right to.",
                ) from error
    there = ", ".join(folder.name for folder in list_packs(*places)) or "none"
    searched = ", ".join(map(str, places))
    raise ModelMissing(
        f"There is no pack named {name!r} in {searched}; there are: {there}.",
        hint=f"Take one in: {_ADD}",
    )


def list_packs(*places: Path) -> list[Path]:
    """The folders of all packs in these places, by name; of two with one name, that of the earlier place."""
    folders: dict[str, Path] = {}
    for parent in places:
        for path in sorted(parent.glob(f"*/{PACK_FILE}")):
            folders.setdefault(path.parent.name, path.parent)
    return [folders[name] for name in sorted(folders)]


def add_pack(source: Path, packs: Path, *, move: bool = False) -> Pack:
    """Copy a pack folder among one's packs, whole or not at all, in place of one with the same name.

    With ``move`` the folder itself goes there; it must lie on the same disk.

    Every hash is checked first. Raises ModelMissing, also for a trial pack whose files lie outside its folder.
    """
    pack = load_pack(source, verify=True)
    if any(file.place == "outside" for file in pack.spec.files()):
        raise ModelMissing(
            f"{source} names files outside its folder, so it cannot be moved.",
            hint="Copy the files into the folder and name them in pack.json by relative paths.",
        )
    target, arriving = packs / pack.info.name, packs / f".{pack.info.name}.arriving"
    leaving = packs / f".{pack.info.name}.leaving"
    for half_done in (arriving, leaving):
        shutil.rmtree(half_done, ignore_errors=True)
    try:
        if move:
            source.rename(arriving)
        else:
            packs.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, arriving, copy_function=_copied)
    except (OSError, BoxlensError):
        shutil.rmtree(arriving, ignore_errors=True)
        raise
    if target.exists():
        target.rename(leaving)
    arriving.rename(target)
    shutil.rmtree(leaving, ignore_errors=True)
    return load_pack(target)


def _copied(source: str, target: str) -> str:
    """One file of a folder. Raises what its first failure means, which ``copytree`` would go on after and only list."""
    try:
        return shutil.copy2(source, target)
    except OSError as error:
        raise (refusal(error) or error) from error


_ADD = "boxlens models add FOLDER, or, for containers, put it into the folder that BOXLENS_PACKS names"
_LIST = f"See what there is: boxlens models list; take one in: {_ADD}"
_DESCRIBED = "docs/models.md describes pack.json; mend it there, or take the pack in again: boxlens models add FOLDER"


def _detector(spec: DetectorSpec, session: Session, options: RunOptions) -> YoloDetector:
    return YoloDetector(
        session,
        add_common_names([LabelName(c.id, c.en or (c.id,), c.zh) for c in spec.classes]),
        head=spec.head,
        size=spec.size,
        score_threshold=options.score_threshold,
        nms_iou=options.nms_iou,
    )


def _encoder(spec: VitSpec | ClipSpec, session: Session, role: str) -> OnnxImageEncoder:
    return OnnxImageEncoder(session, spec.preprocess, spec.dims, role=role)


def _clip_text(spec: ClipSpec, paths: dict[FileSpec, Path], session: Session) -> ClipTextEncoder:
    return ClipTextEncoder(session, WordPieces(paths[spec.vocabulary], context_length=spec.context_length), spec.dims)


def _reader(spec: OcrSpec, paths: dict[FileSpec, Path], options: RunOptions) -> RapidTextReader:
    files = OcrFiles(paths[spec.detect], paths[spec.turn], paths[spec.recognise])
    return RapidTextReader(files, threshold=spec.threshold, threads=options.running.threads)
