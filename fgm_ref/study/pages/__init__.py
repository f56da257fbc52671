"""The report: a page of chapters with tables and pictures, and a summary of any other table.

From the bottom up: `chapter` (what a chapter consists of), `figures`, `chapters` (one file each), `report` (the page),
`summary`.
"""
