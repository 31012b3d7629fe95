"""Formulas: from networks and text, rewritten, evaluated, fitted and written."""
