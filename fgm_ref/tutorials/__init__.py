"""What the tutorials stand on, so that they run wherever the package is installed."""
