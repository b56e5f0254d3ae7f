"""The real compose file on a real engine, from nothing but Debian's packages and PyPI: no image registry is asked."""
