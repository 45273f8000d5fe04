"""Which checks does no test notice? `python -m tests.switch_off idp/oauth idp/endpoints` switches off one at a time.

Not part of `make test`: it takes minutes. It works in a copy of the repository in which each check asks `switched.on`
first. One survey tells which tests reach which check; then, for each check, these tests run without it. What is listed
at the end is a check that a test should be written for, or code that cannot be reached and should go. A new test is
tried with `--tests` its file and `--only` the check's text; with `--keep` a folder it goes on where it was stopped.
"""
