"""Sample pictures for the first run: scenes of everyday things drawn in emoji artwork, with true boxes and names."""
