"""Outcomes against the quotes: free lunches and least-entropy reweighting."""
