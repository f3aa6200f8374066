"""Made-up people: how they behave, who plays them, and what fills a database. Only commands and the bench use it."""
