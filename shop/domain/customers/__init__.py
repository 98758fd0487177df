"""People who sign in: customers and staff, their sessions and roles."""
