"""Bare numbers: formulas, kernels and their compiled twins, checks of arrays. No word of the domain."""
