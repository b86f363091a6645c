"""Live mail: decided on in milliseconds, remembered, and learned from, by several processes at once.

arrivals    every decided message, appended to its tenant's journal before the answer is given
tenant      what is in force for one tenant, and what arrived since, in memory
directory   the tenants that this process has open, following promotes and other processes' arrivals
recent      which messages a baseline knows already, so that none is learned twice
"""
