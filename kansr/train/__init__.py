"""Fitting parameters: Levenberg-Marquardt on networks."""
