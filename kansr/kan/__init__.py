"""Kolmogorov-Arnold networks on general graphs; knows tensors only."""
