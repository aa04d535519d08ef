"""What people can do: each action declared once, planned, then applied or refused (floor 6, DESIGN §3.7)."""
