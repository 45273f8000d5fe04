"""The whole region on one machine: what starts it, looks into it and puts it through its paces.

Read in this order: region (provider and portals in one process), up (`manyou up`), reset, inspect, tour, cli. The lab
imports both services; neither imports it.
"""
