"""The tests of the toolkit and of the demos."""
