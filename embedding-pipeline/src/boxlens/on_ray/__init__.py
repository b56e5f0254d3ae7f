"""An ingest on the machines of a Ray cluster (extra ``ray``): the driver deals references out, actors do the rest."""
