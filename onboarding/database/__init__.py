"""What is remembered: one module a table group, its rows and the plain functions that read and write them.

Every function takes a Session; every row and every query carries the tenant (`fleet` alone looks at all of them).
Functions that a run calls take its `RunToken` and refuse to write for a run that has been replaced.
"""
