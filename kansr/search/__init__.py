"""What networks to try, and what to call their edges."""
