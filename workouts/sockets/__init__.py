"""The hot path: a frame comes in, its rep is counted, and its answer goes out in order."""
