"""Everything that is measured on a message in its context. Importing the package fills the registry.

The order of these imports is the order of the catalogue.
"""

from detection.signals import message  # isort: skip
from detection.signals import text_model  # isort: skip
from detection.signals import links  # isort: skip
from detection.signals import attachments  # isort: skip
from detection.signals import authentication  # isort: skip
from detection.signals import history  # isort: skip
from detection.signals import sender  # isort: skip
from detection.signals import traffic  # isort: skip
from detection.signals import recipient  # isort: skip
from detection.signals import relationship  # isort: skip
from detection.signals import accounts  # isort: skip
from detection.signals import identity  # isort: skip
from detection.signals import organisation  # isort: skip

__all__ = [
    "accounts",
    "attachments",
    "authentication",
    "history",
    "identity",
    "links",
    "message",
    "organisation",
    "recipient",
    "relationship",
    "sender",
    "text_model",
    "traffic",
]
