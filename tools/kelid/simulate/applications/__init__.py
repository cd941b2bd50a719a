"""The applications of the dial plan, one module for each family."""
