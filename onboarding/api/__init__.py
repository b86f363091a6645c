"""The HTTP API: scoring for the mail pipeline, and what people and programs ask of tenants. `gatehouse serve` runs it.

app          the application: what is where
access       bearer tokens: who may do what with which tenant
problems     every error as problem+json (RFC 9457), in a sentence with what helps
scoring      messages:score, one at a time in each process, with a bounded queue before it
composed     a message given in its parsed form, as RFC 5322 bytes for the one parser
tenants calibrations feedback health     the rest, a module a subject
"""
