"""The values that travel between the stages: frozen, comparable, each remembering where it was written.

``where`` never takes part in equality: the same phone system written on other lines is the same phone system.
"""
