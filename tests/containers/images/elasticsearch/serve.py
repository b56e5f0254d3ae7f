"""The embedded server in a container: every connection to port 9200 goes on to its address on loopback."""

import asyncio
import os
import re
import signal
from pathlib import Path
from urllib.parse import urlsplit

from boxlens.embedded.node import EmbeddedElasticsearch

DATA = Path("/usr/share/elasticsearch/data")


async def relay(address: str) -> None:
    """Until the process is ended. ``address`` is the server's, http://host:port."""
    place = urlsplit(address)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(place.hostname, place.port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with await asyncio.start_server(serve, "0.0.0.0", 9200):
        await end.wait()


def main() -> None:
    heap = re.search(r"-Xmx(\S+)", os.environ.get("ES_JAVA_OPTS", ""))
    with EmbeddedElasticsearch(DATA, heap=heap[1] if heap else "1g") as address:
        asyncio.run(relay(address))


if __name__ == "__main__":
    main()
