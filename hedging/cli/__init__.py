"""The command ``hedging``: one file a command; prints, computes nothing."""
