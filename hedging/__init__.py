"""Options-overlay hedging of a falling position: Greeks, a proven planner, crash scenarios."""

__version__ = "0.1.0"
