"""What is attached, whether it pretends to be something else, and whether this sender ever sent such a thing."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    attachment_hash_messages,
    attachment_type_messages,
    sender_attachment_type_messages,
)
from detection.mail.batch import AttachmentFlag, Floats, Level, MessageBatch
from detection.signals.arrays import NAN, bits, known, reduce_over, shifts_of, stack
from detection.signals.context import Context
from detection.signals.registry import Member, SignalLevel, family

_FLAGS = {
    AttachmentFlag.EXECUTABLE: "Has a program attached.",
    AttachmentFlag.SCRIPT: "Has a script or shortcut attached.",
    AttachmentFlag.MACRO: "Has a document attached that may hold macros.",
    AttachmentFlag.ARCHIVE: "Has an archive attached.",
    AttachmentFlag.DISK_IMAGE: "Has a disk image attached.",
    AttachmentFlag.HTML: "Has an HTML or SVG file attached.",
    AttachmentFlag.TYPE_MISMATCH: "An attachment's bytes are not what it says it is.",
    AttachmentFlag.DOUBLE_EXTENSION: "An attachment's name has a second, hidden extension.",
    AttachmentFlag.INLINE: "Has a file shown inline.",
    AttachmentFlag.IMAGE: "Has an image attached.",
    AttachmentFlag.DOCUMENT: "Has a document attached.",
    AttachmentFlag.ENCRYPTED: "Has an attachment that needs a password.",
    AttachmentFlag.NAME_LURE: "An attachment is called an invoice, a payment, a voicemail, a delivery or the like.",
    AttachmentFlag.MESSAGE: "Has another mail attached.",
    AttachmentFlag.UNPACKS: "An attached page builds a page or a file out of encoded data in itself.",
    AttachmentFlag.PASSWORD_FORM: "An attached page asks for a password.",
}
_SHIFTS = shifts_of([*_FLAGS])
_LOCKABLE = np.uint32(AttachmentFlag.ARCHIVE | AttachmentFlag.ENCRYPTED | AttachmentFlag.DISK_IMAGE)


@family(
    SignalLevel.ATTACHMENTS,
    *(Member(f"attachment_{flag.name.lower()}", "flag", doc, 0, 1) for flag, doc in _FLAGS.items() if flag.name),
    Member("attachment_count", "files", "Attached and inline files."),
    Member("attachment_password_told", "flag", "Has an archive or locked file, and the text gives its password.", 0, 1),
)
def attachment_flags(m: MessageBatch, c: Context) -> Floats:
    """Each property, true when any attachment has it; 0 for a message without attachments."""
    seen = reduce_over(np.bitwise_or, m, Level.ATTACHMENT, m.attachment_flags[None], 0)[0]
    told = ((seen & _LOCKABLE) != 0) & (m.lure_file_password > 0)
    return np.concatenate([bits(seen, _SHIFTS), stack([m.attachment_count, told])])


@family(
    SignalLevel.ATTACHMENTS,
    Member("attachment_type_messages_least", "messages", "Earlier mail of this sender with the rarest kind attached."),
    Member("attachment_types_new", "files", "Attachments of a kind that this sender never sent; unknown without one."),
    Member("attachment_copies_seen", "messages", "Earlier messages that carried the most spread of these very files."),
    Member("attachment_type_rarest", "messages", "Earlier mail of anybody with the rarest kind attached."),
)
def attachment_history(m: MessageBatch, c: Context) -> Floats:
    """The attachments against this sender's habit; unknown for a message without attachments."""
    if not len(m.attachment_type_key):
        return np.full((4, len(m)), NAN)
    kind = c[sender_attachment_type_messages]
    new = reduce_over(np.add, m, Level.ATTACHMENT, stack([kind == 0]), NAN)
    # The least of something is found as the most of its negative: one reduction for all.
    of_all = stack([-kind, -c[attachment_type_messages], c[attachment_hash_messages]])
    most = reduce_over(np.maximum, m, Level.ATTACHMENT, of_all, NAN)
    out = np.concatenate([np.maximum(-most[:1], 0.0), new, known(most[2:]), np.maximum(-most[1:2], 0.0)])
    # Without a sender the kind's count is unknown (-1), and so is its rarest.
    out[:2, m.sender_key == 0] = NAN
    return out
