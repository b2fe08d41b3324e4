"""The book after the orders, valued anew and held against every limit. Imports neither programme nor solver."""
