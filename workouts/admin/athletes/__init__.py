"""Athletes: their list, an athlete's page, and merging two of them."""
