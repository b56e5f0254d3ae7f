"""The child process of the embedded Elasticsearch: ``python -m boxlens.embedded.process SPEC``.

Loads the JVM, constructs the server's Node and prints one JSON line: ``{"state": "up", ...}`` or
``{"state": "failed", "error": [...]}``. Then it waits for one of its ends: SIGTERM or SIGINT, or, when attached to
a parent, that parent's death, seen as the end of standard input even after kill -9. All of them close the node.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import jpype

from boxlens.embedded.config import CLOSE_WITHIN_S, CONSOLE_NAME, NodeSpec

_PARENT_CHECK_S = 2.0


class ParentWatchdog:
    """Watches for the end of this process: a signal, the end of standard input, or another parent.

    Before the node is up there is nothing to close, and the main thread sits inside Java: the process leaves at
    once. A node killed in its start loses nothing, for it has accepted nothing.
    """

    def __init__(self, *, attached: bool) -> None:
        self.ended = threading.Event()
        self.starting = True
        self._attached = attached
        self._parent = os.getppid()
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        # The wake-up descriptor is written by the C handler, also while the main thread is inside the JVM.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(read_end,), daemon=True, name="watchdog").start()

    def _watch(self, signals: int) -> None:
        watched = [signals, 0] if self._attached else [signals]
        while True:
            ready, _, _ = select.select(watched, [], [], _PARENT_CHECK_S)
            orphaned = self._attached and os.getppid() != self._parent
            closed = 0 in ready and not os.read(0, 64)
            if signals in ready or closed or orphaned:
                break
        if self.starting:
            os._exit(1)
        self.ended.set()


def main(spec_path: str) -> None:
    spec = NodeSpec.read(Path(spec_path))
    if not spec.attached and os.fork():
        os._exit(0)  # a detached node is nobody's child, so nobody has to wait for its end
    answer = _keep_stdout_for_the_answer(Path(spec.logs) / CONSOLE_NAME)
    watchdog = ParentWatchdog(attached=spec.attached)
    try:
        node = _start(spec)
    except (jpype.JException, RuntimeError, OSError) as cause:
        _say(answer, {"state": "failed", "error": _reasons(cause)})
        os._exit(1)
    watchdog.starting = False
    _say(answer, {"state": "up", "pid": os.getpid(), **_addresses(node), "simd": _simd_in_use()})
    watchdog.ended.wait()
    rescue = threading.Timer(CLOSE_WITHIN_S, os._exit, [1])
    rescue.daemon = True
    rescue.start()
    node.close()
    os._exit(0)  # the JVM's own shutdown would wait for threads that have nothing left to do


def _start(spec: NodeSpec) -> Any:
    jpype.startJVM(spec.jvm, *spec.jvm_options, classpath=spec.class_path, convertStrings=True)
    jclass = jpype.JClass
    overrides = jclass("java.util.HashMap")()
    overrides.put("path.home", spec.home)
    paths = jclass("java.nio.file.Path")
    settings = jclass("org.elasticsearch.common.settings.Settings").EMPTY
    logs = jclass("org.elasticsearch.common.logging.LogConfigurator")
    logs.registerErrorListener()
    environment = jclass("org.elasticsearch.node.InternalSettingsPreparer").prepareEnvironment(
        settings,
        overrides,
        paths.of(spec.config),
        jpype.JProxy("java.util.function.Supplier", {"get": lambda: spec.name}),
    )
    logs.setNodeName(spec.name)
    logs.configure(environment, True)
    loader = jclass("org.elasticsearch.plugins.PluginsLoader")
    plugins = loader.createPluginsLoader(
        loader.loadModulesBundles(environment.modulesDir()),
        loader.loadPluginsBundles(environment.pluginsDir()),
        jclass("java.util.HashMap")(),
        False,  # exports of the server's module, which a server on the class path does not have
    )
    node = jclass("org.elasticsearch.node.Node")(environment, plugins)
    node.start()
    return node


def _addresses(node: Any) -> dict[str, str]:
    def address(transport: str) -> str:
        bound = node.injector().getInstance(jpype.JClass(transport)).boundAddress().publishAddress()
        return f"{bound.getAddress()}:{bound.getPort()}"

    return {
        "http": address("org.elasticsearch.http.HttpServerTransport"),
        "transport": address("org.elasticsearch.transport.TransportService"),
    }


def _simd_in_use() -> bool:
    """Whether Lucene took the provider that computes with the vector module; it has chosen by now."""
    provider = jpype.JClass("org.apache.lucene.internal.vectorization.VectorizationProvider").getInstance()
    return str(provider.getClass().getSimpleName()).startswith("Panama")


def _reasons(cause: BaseException) -> list[str]:
    """The exception and what caused it, one line each, as Java words it; the log gets the whole of it."""
    if not isinstance(cause, jpype.JException):
        return [f"{type(cause).__name__}: {cause}"]
    node_class = jpype.JClass("org.elasticsearch.node.Node").class_  # with a name alone, it would not find its settings
    jpype.JClass("org.apache.logging.log4j.LogManager").getLogger(node_class).error("the node did not start", cause)
    lines: list[str] = []
    java: Any = cause
    while java is not None and len(lines) < 9:
        lines.append(f"{java.getClass().getSimpleName()}: {java.getMessage()}")
        java = java.getCause()
    return lines


def _keep_stdout_for_the_answer(console: Path) -> int:
    """Give the JVM's prints a file, and keep the pipe to the parent for the one line it waits for."""
    answer = os.dup(1)
    file = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    return answer


def _say(answer: int, message: dict[str, object]) -> None:
    try:
        os.write(answer, json.dumps(message).encode() + b"\n")
        os.close(answer)
    except BrokenPipeError:
        pass  # the parent has gone; the watchdog sees it too


if __name__ == "__main__":
    main(sys.argv[1])
