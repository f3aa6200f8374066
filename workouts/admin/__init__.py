"""The coach's side. site.py has the site and what it shows; importing this package does nothing."""
