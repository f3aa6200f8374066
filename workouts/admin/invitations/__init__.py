"""Invitations on the coach's pages: making, showing, withdrawing and answering them."""
