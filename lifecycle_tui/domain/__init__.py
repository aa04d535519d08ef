"""The words of the program as frozen values (floor 1).

Every other room exchanges these and nothing else across its border. Nothing here does I/O, and
nothing here imports more than the standard library and pluggy's marker.
"""
