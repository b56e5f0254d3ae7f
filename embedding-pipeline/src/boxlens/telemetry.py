"""Switches off the usage reports of the libraries Boxlens runs on. Imported first of all, because they read these
variables when they are imported themselves.

- onnxruntime's official builds queue events, with the interpreter's path and model names, under the user's cache folder
  and send them to their maker; ``onnxruntime.disable_telemetry_events()`` comes too late, the variable does not.
- huggingface-hub adds what calls it to its requests.
- Ray sends usage statistics from every cluster it starts.
- OpenVINO sends an event when it is imported, and no variable keeps it from that: its own stand-in without reports is
  taken where the package ``openvino_telemetry`` cannot be imported.
- Other tools honour ``DO_NOT_TRACK``.

A variable that is set already is left alone: who wants the reports may switch them on.
"""

import os
import sys

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
}


def switch_off() -> None:
    """Set the variables for this process and all it starts."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # an import of it fails
