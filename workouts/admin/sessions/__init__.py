"""Sessions for coaches: the list, the page of one, decisions, exports, and what could not be saved."""
