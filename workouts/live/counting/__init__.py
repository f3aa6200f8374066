"""The hot calls: reps that arrive together are counted by one script call."""
