"""The report: a page of chapters with tables and pictures, and a summary of any other table.

From the bottom up: `chapter` (what a chapter consists of), `figures`, `bibliography`, `chapters` (one file for each
experiment, some with others beside them), `report` (the page), `summary`.
"""
