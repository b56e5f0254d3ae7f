"""How good the answers are, measured on data with ground truth."""
