"""Several things in one image, by the steps of any search: plan, candidates, settle, rank, explain."""
