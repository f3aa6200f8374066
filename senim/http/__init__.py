"""HTTP: what is refused before Django sees it, and Django in bounded threads."""
