"""What a coach should look at: flags, sets and tempo, and who decides."""
