"""What people judge: labels and boxes of pictures they correct, and hits they mark."""
