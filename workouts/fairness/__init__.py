"""Flags that ask a coach for a review, the sets and tempo they rest on, and the decisions."""
