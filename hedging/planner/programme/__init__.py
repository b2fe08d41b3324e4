"""Rows and columns: targets and limits as ``matrix @ lots <= bound``."""
