"""The detectors, one module a kind of attack. Importing the package fills the registry, in this order."""

from detection.detectors import unfamiliar_sender  # isort: skip
from detection.detectors import executive_impersonation  # isort: skip
from detection.detectors import employee_impersonation  # isort: skip
from detection.detectors import lookalike_domain  # isort: skip
from detection.detectors import credential_phishing  # isort: skip
from detection.detectors import payment_fraud  # isort: skip
from detection.detectors import invoice_fraud  # isort: skip
from detection.detectors import vendor_impersonation  # isort: skip
from detection.detectors import brand_impersonation  # isort: skip
from detection.detectors import vendor_compromise  # isort: skip
from detection.detectors import internal_compromise  # isort: skip
from detection.detectors import lateral_phishing  # isort: skip
from detection.detectors import spoofed_internal  # isort: skip
from detection.detectors import payroll_diversion  # isort: skip
from detection.detectors import gift_card  # isort: skip
from detection.detectors import advance_fee  # isort: skip
from detection.detectors import extortion  # isort: skip
from detection.detectors import callback  # isort: skip
from detection.detectors import malicious_attachment  # isort: skip
from detection.detectors import attachment_phishing  # isort: skip
from detection.detectors import qr_phishing  # isort: skip
from detection.detectors import reconnaissance  # isort: skip
from detection.detectors import model  # isort: skip

__all__ = [
    "advance_fee",
    "attachment_phishing",
    "brand_impersonation",
    "callback",
    "credential_phishing",
    "employee_impersonation",
    "executive_impersonation",
    "extortion",
    "gift_card",
    "internal_compromise",
    "invoice_fraud",
    "lateral_phishing",
    "lookalike_domain",
    "malicious_attachment",
    "model",
    "payment_fraud",
    "payroll_diversion",
    "qr_phishing",
    "reconnaissance",
    "spoofed_internal",
    "unfamiliar_sender",
    "vendor_compromise",
    "vendor_impersonation",
]
