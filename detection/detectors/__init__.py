"""The detectors, one module a kind of attack. Importing the package fills the registry, in this order."""

from detection.detectors import executive_impersonation  # isort: skip
from detection.detectors import lookalike_domain  # isort: skip
from detection.detectors import credential_phishing  # isort: skip
from detection.detectors import payment_fraud  # isort: skip

__all__ = ["credential_phishing", "executive_impersonation", "lookalike_domain", "payment_fraud"]
