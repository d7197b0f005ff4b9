"""Marp: the pinned npm package, its installation, the browser it needs for PDF and PPTX, and the driver."""
