"""What every room stands on: values that show themselves, tables, arguments and files that are what they must be."""
