"""The live wall: what coaches watch while their athletes train."""
