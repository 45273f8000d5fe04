"""What the conformance suite of the OpenID Foundation needs to know of a deployment, and a provider set up for it."""
