"""The tour: a scripted person logs in once, roams every portal, logs out once, and each promise is checked on the way.

Read `steps` first: it is the story, step by step, and says what was promised. The person travels by plain HTTP
(`traveller`) or in Chromium (`chromium_traveller`); both see the same pages (`seen_page`), and what they do and find is
shown as it happens (`screen`, `hop`). `grounds` says where the tour takes place, `command` is `manyou tour`.
"""
