"""What you see of a record: pictures, a table, a transcript, a page that replays it."""
