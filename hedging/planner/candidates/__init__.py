"""What may be traded: each instrument and side as a column of numbers per lot."""
