"""What people, and scripts posing as people, send to the server. kinds.py lists them."""
