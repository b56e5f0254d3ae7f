"""``python -m boxlens`` is ``boxlens``."""

from boxlens.cli import main

main()
