"""The graph of stages that a picture goes through."""
