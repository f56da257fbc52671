"""The chapters of the report, one module for each experiment: rows of its table -> `Chapter`."""
