"""How the networks of drawings learn: training, its optimizer, a start from a pack, batch norm at the end."""
