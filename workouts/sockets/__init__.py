"""The hot path: a frame comes in, its rep is counted, and the answer goes out in its turn."""
