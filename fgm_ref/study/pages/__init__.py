"""The report: `chapter` and `figures` (what a chapter consists of), `chapters`, `report` (the page), `summary`."""
