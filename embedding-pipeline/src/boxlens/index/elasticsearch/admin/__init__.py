"""What ``IndexAdmin`` asks: collections made, moved to another pack, frozen, brought up to date."""
