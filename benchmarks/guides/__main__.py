"""``python -m benchmarks.guides``."""

from __future__ import annotations

from benchmarks.guides import GUIDES, ROOT, with_results


def main() -> None:
    for guide in GUIDES:
        text = guide.read_text("utf-8")
        if (written := with_results(text, ROOT)) != text:
            guide.write_text(written, "utf-8")
            print(guide.relative_to(ROOT))


if __name__ == "__main__":
    main()
