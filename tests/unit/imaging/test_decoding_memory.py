"""The memory that decoding may take: reckoned before, shared by threads, never exceeded by hostile headers."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import threading

import pytest
from benchmarks.trials.input_kinds import chunk
from PIL import Image
from PIL.ExifTags import Base
from tests.memory import all_memory_held
from tests.samples.pictures import NOISE, saved

from minio_proxy.derived.pictures import Recipe, derive
from minio_proxy.errors import Busy, TooLarge
from picture_decoding import (
    BudgetBusy,
    MemoryBudget,
    Picture,
    PictureTooLarge,
    process_budget,
)

LIMIT = 64_000_000


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_a_jpeg_is_decoded_at_a_fraction_of_its_size(reduction: int) -> None:
    picture = Picture(saved(NOISE, "JPEG"), max_pixels=LIMIT)
    assert picture.reduction(400 / reduction) == reduction
    shape = picture.decode(reduction).pixels.shape
    assert shape == (-(-300 // reduction), -(-400 // reduction), 3)
    assert picture.memory(reduction) <= picture.memory()


def test_what_never_fits_is_too_large_and_what_waits_too_long_is_busy() -> None:
    budget = MemoryBudget(1000, wait_s=0.05)
    with pytest.raises(PictureTooLarge), budget.reserve(1001):
        pass
    with budget.reserve(600), pytest.raises(BudgetBusy) as caught, budget.reserve(600):
        pass
    assert caught.value.retry_after_s >= 1
    assert budget.used == 0


def test_many_threads_never_exceed_the_budget() -> None:
    budget = MemoryBudget(1000)
    seen: list[int] = []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(200):
            with budget.reserve(draw.randint(1, 1000)):
                seen.append(budget.used)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1600
    assert max(seen) <= 1000
    assert budget.used == 0


def test_the_proxy_answers_413_and_503(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(NOISE, "PNG")
    monkeypatch.setattr(process_budget, "limit", 1000)
    with pytest.raises(TooLarge):
        derive(data, Recipe(width=160), LIMIT)
    monkeypatch.setattr(process_budget, "wait_s", 0.05)
    with all_memory_held(), pytest.raises(Busy) as caught:
        derive(data, Recipe(width=160), LIMIT)
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "2"})


HOSTILE = """
    import contextlib, io, struct, sys
    from PIL import Image
    from picture_decoding import MemoryBudget, PictureError, decode

    def saved(mode, size, format, **options):
        out = io.BytesIO()
        Image.new(mode, size).save(out, format, **options)
        return out.getvalue()

    def claims(data, mark, skip, packed):
        at = data.find(mark) + skip
        return data[:at] + packed + data[at + len(packed):]

    def kilobytes(field):
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

    jpeg, avif = saved("RGB", (320, 240), "JPEG"), saved("RGB", (320, 240), "AVIF")
    files = [
        claims(jpeg, b"\\xff\\xc0", 5, struct.pack(">HH", 8000, 8000)),
        claims(saved("RGB", (320, 240), "JPEG", progressive=True), b"\\xff\\xc2", 5, struct.pack(">HH", 8000, 8000)),
        claims(avif, b"ispe", 8, struct.pack(">II", 8000, 8000)),
        claims(saved("RGB", (64, 64), "PNG"), b"IHDR", 4, struct.pack(">II", 8000, 8000)),
        claims(saved("RGB", (64, 64), "GIF"), b"GIF89a", 6, struct.pack("<HH", 65000, 900)),
        b"RIFF\\x1a\\0\\0\\0WEBPVP8L\\x0d\\0\\0\\0\\x2f" + struct.pack("<I", 7999 | 7999 << 14) + bytes(8),
        saved("RGB", (6000, 6000), "WEBP", lossless=True, quality=0, method=0),
    ]
    decode(jpeg, max_pixels=64_000_000)
    open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew: making the files took some
    before, budget = kilobytes("VmRSS"), MemoryBudget(150_000_000)
    for data in files:
        with contextlib.suppress(PictureError):
            decode(data, max_pixels=64_000_000, budget=budget)
    print(kilobytes("VmHWM"), before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_hostile_headers_stay_within_the_budget() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(HOSTILE)], capture_output=True, text=True, check=True)
    peak, before = map(int, done.stdout.split())
    assert (peak - before) * 1024 <= 150_000_000


HEADER = """
    import io
    from PIL import Image
    from picture_decoding import Picture

    def kilobytes(field):
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

    out = io.BytesIO()
    Image.new("RGB", (200, 100)).save(out, "PNG")
    Picture(out.getvalue(), max_pixels=64_000_000)
    out = io.BytesIO()
    Image.new("RGB", (7000, 7000)).save(out, "PNG")
    open("/proc/self/clear_refs", "w").write("5")
    before = kilobytes("VmHWM")
    Picture(out.getvalue(), max_pixels=64_000_000)
    print(kilobytes("VmHWM") - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_reading_a_header_decodes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(HEADER)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 7000 * 7000


def test_notes_behind_the_pixels_of_a_png_are_read() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    block = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    data = saved(NOISE, "PNG")
    end = data.index(b"IEND") - 4
    assert Picture(data, max_pixels=LIMIT).orientation == 1
    assert Picture(data[:end] + block + data[end:], max_pixels=LIMIT).orientation == 6
