"""The live wall: what coaches watch as it happens."""
