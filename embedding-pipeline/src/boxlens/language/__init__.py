"""Words as they are stored, searched and shown."""
