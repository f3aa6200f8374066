"""Athletes for coaches: the list, the page of one, and merging two."""
