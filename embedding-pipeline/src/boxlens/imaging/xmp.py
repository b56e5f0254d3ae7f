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
_HIERARCHIES = {"tagslist": "/", "hierarchicalsubject": "|"}  # of digiKam and of Lightroom
_LISTS = {"subject", "personinimage", "regionname", *_HIERARCHIES}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")


def xmp_values(text: str) -> dict[str, Any]:
    """Properties of the picture by their name without namespace, in lower case; lists of text where XMP holds lists. A
    title counts as a headline. What is said of regions of it, and of other pictures that went into it, is left out.

    Entities are refused unread, so that none can grow or lead elsewhere. Raises ValueError saying what is wrong.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities, as no XMP does")
    try:
        # the text is decoded by now: an encoding that it declares would be undone a second time
        packet = _DECLARATION.sub("", text.strip("\ufeff\0 \r\n\t"), count=1)
        tree = ElementTree.fromstring(packet.encode())
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"it is no XMP: {error}") from error
    values: dict[str, Any] = {}
    for description in tree.findall(f".//{_RDF}RDF/{_RDF}Description") or tree.findall(f"./{_RDF}Description"):
        for key, value in description.attrib.items():
            values.setdefault(_local(key), value)
        for element in description:
            values.setdefault(_local(element.tag), _value(element))
    values["regionname"] = _region_names(tree)
    for key, between in _HIERARCHIES.items():
        if key in values:  # "Places/Beijing/Summer Palace": the last is the tag itself
            values[key] = [tag.rsplit(between, 1)[-1] for tag in _as_list(values[key])]
    for key in _LISTS & values.keys():
        values[key] = _as_list(values[key])
    values["headline"] = values.get("headline") or values.pop("title", "")
    return {key: value for key, value in values.items() if value}


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1].lower()


def _value(element: ElementTree.Element) -> str | list[str]:
    lines = list(element.iter(f"{_RDF}li"))
    if element.find(f"{_RDF}Alt") is not None:
        lines = [line for line in lines if line.get(_LANGUAGE) == "x-default"] or lines
        return (lines[0].text or "").strip() if lines else ""
    items = [(line.text or "").strip() for line in lines]
    return items or (element.text or "").strip()


def _region_names(tree: ElementTree.Element) -> list[str]:
    """Names of people on the regions of a picture, whichever way they are written."""
    written = [node.attrib.get(name) for node in tree.iter() for name in _REGION_NAMES]
    written += [node.text for name in _REGION_NAMES for node in tree.iter(name)]
    return [text.strip() for text in written if text and text.strip()]


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
