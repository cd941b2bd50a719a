"""Bring a bundle to a server and learn what the server has; the only room that drives Ansible."""
