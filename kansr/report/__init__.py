"""What people read of a fit: on the terminal while it runs and after, and as Markdown."""
