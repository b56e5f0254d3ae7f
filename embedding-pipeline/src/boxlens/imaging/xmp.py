"""XMP, in pictures and in files beside them, as digiKam, Lightroom, darktable, Windows and Apple Photos write it.

Read as RDF/XML of the XMP specification, part 1 (ISO 16684-1): a property is an attribute of ``rdf:Description`` or an
element holding text, an ``rdf:Bag``, ``rdf:Seq`` or ``rdf:Alt``.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_REGION_NAMES = (
    "{http://www.metadataworkinggroup.com/schemas/regions/}Name",
    "{http://ns.microsoft.com/photo/1.2/t/Region#}PersonDisplayName",
)
_LISTS = {"subject", "personinimage", "tagslist", "regionname"}
# "39,54.5N" and "39,54,30N": degrees and minutes, with seconds or not
_DEGREES = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])", re.IGNORECASE)


def xmp_values(text: str) -> dict[str, Any]:
    """Properties by their name without namespace, in lower case; lists of text where XMP holds lists, degrees as
    numbers.

    Entities are refused unread, so that none can grow or lead elsewhere. Raises ValueError saying what is wrong.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities, as no XMP does")
    try:
        tree = ElementTree.fromstring(text.strip("\ufeff\0 \r\n\t").encode())
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"it is no XMP: {error}") from error
    values: dict[str, Any] = {}
    for description in tree.iter(f"{_RDF}Description"):
        for key, value in description.attrib.items():
            values.setdefault(_local(key), value)
        for element in description:
            values.setdefault(_local(element.tag), _value(element))
    values["regionname"] = _region_names(tree)
    if "tagslist" in values:  # "Places/Beijing/Summer Palace": the last is the tag itself
        values["tagslist"] = [tag.rsplit("/", 1)[-1] for tag in _as_list(values["tagslist"])]
    for key in _LISTS & values.keys():
        values[key] = _as_list(values[key])
    for key in ("gpslatitude", "gpslongitude"):
        if match := _DEGREES.fullmatch(str(values.get(key, "")).strip()):
            values[key] = _degrees(match)
    return {key: value for key, value in values.items() if value}


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1].lower()


def _value(element: ElementTree.Element) -> str | list[str]:
    items = [(item.text or "").strip() for item in element.iter(f"{_RDF}li")]
    if element.find(f"{_RDF}Alt") is not None:
        return items[0] if items else ""
    return items or (element.text or "").strip()


def _region_names(tree: ElementTree.Element) -> list[str]:
    """Names of people on the regions of a picture, whichever way they are written."""
    written = [node.attrib.get(name) for node in tree.iter() for name in _REGION_NAMES]
    written += [node.text for name in _REGION_NAMES for node in tree.iter(name)]
    return [text.strip() for text in written if text and text.strip()]


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _degrees(match: re.Match[str]) -> float:
    degrees = float(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return -degrees if match[4].upper() in "SW" else degrees
