"""The word pieces of Google's BERT-Base Chinese, which Chinese-CLIP reads texts with: the bundled pack has them."""

from __future__ import annotations

import shutil
from pathlib import Path

from boxlens.domain.errors import ModelMissing
from boxlens.models.packs.files import sha256
from boxlens.models.packs.pack import BUNDLED

VOCABULARY_SHA256 = "45bbac6b341c319adc98a532532882e91a9cefc0329aa57bac9ae761c27b291c"


def copy_vocabulary(target: Path) -> None:
    """Write the vocabulary, cn_clip's own vocab.txt, to ``target``. Raises ModelMissing when no pack has it."""
    for file in sorted(BUNDLED.glob("*/vocab.txt")):
        if sha256(file) == VOCABULARY_SHA256:
            shutil.copyfile(file, target)
            return
    raise ModelMissing(
        f"The vocabulary of Chinese-CLIP is not in the bundled packs ({BUNDLED}).", hint="Install boxlens anew."
    )
