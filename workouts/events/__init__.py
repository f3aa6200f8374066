"""What one process tells the others over the channel layer: an athlete's other devices, and the walls that coaches watch."""
