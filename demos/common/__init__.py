"""What several demos share: the figure style, Italian numbers, running a demo on its own."""
