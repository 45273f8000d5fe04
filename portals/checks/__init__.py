"""The single checks of a verdict, by what they look at; portals/verdict.py holds their order.

Each is one function from Evidence to Outcome. What an earlier check has read (segments, header, key, claims) stands
in the Evidence for the later ones; a check that finds it missing refuses.
"""
