"""Every signal with a message that has it and one that does not.

An example gives columns and facts in which a message differs from the ordinary one of `conftest`, and the value the
signal then has; `other` is its value without them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from detection.mail.batch import AttachmentFlag, LinkFlag
from detection.mail.message import Authentication, Defect, Role
from detection.signals.message import INTENTS
from detection.signals.registry import SIGNALS

NOW, DAY = 1_700_000_000, 86_400
SENDER, SENDER_SITE, OWN_PERSON, OWN_SITE = 10, 11, 20, 21
UNKNOWN = math.nan


@dataclass(frozen=True)
class Example:
    value: float
    other: float = 0.0
    columns: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


EXAMPLES: dict[str, Example] = {}


def example(
    name: str,
    value: float,
    columns: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    other: float = 0.0,
) -> None:
    assert name not in EXAMPLES, name
    EXAMPLES[name] = Example(value, other, columns or {}, facts or {})


# --- message -----------------------------------------------------------------------------------------------------
for _name in (*INTENTS, "phone_count", "money_count", "account_number_count", "exclamation_count"):
    example(_name, 3, {_name: 3})
for _name in ("upper_word_count", "non_ascii_lookalike_count", "image_count", "form_count", "reference_count"):
    example(_name, 2, {_name: 2})
for _name in ("text_model_phishing", "text_model_fraud", "text_model_spam"):
    example(_name, 2.5, {_name: 2.5})
example("lure_intents", 2, {"lure_task": 3, "lure_secrecy": 1})
example("lure_money", 5, {"lure_invoice": 2, "lure_gift_card": 3, "lure_task": 9})
example("lure_pressure", 4, {"lure_urgency": 1, "lure_secrecy": 3, "lure_invoice": 9})
example("greeting_generic", 1, {"greeting_generic": True})
example("bulk", 1, {"bulk": True})
example("subject_claims_reply", 1, {"subject_is_reply": True})
example("subject_claims_forward", 1, {"subject_is_forward": True})
example("subject_missing", 1, {"subject_length": 0})
example("mailer_missing", 1, {"mailer_key": 0})
example("mailing_list", 1, {"list_key": 5})
example("text_missing", 1, {"text_length": 0})
example("html_present", 1, {"html_length": 10})
example("hidden_text_present", 1, {"hidden_text_length": 10})
example("image_only", 1, {"image_count": 1, "text_length": 20})
example("size", 5_000, {"size": 5_000})
example("text_length", 20, {"text_length": 20}, other=1_000)
example("html_length", 20, {"html_length": 20})
example("subject_length", 30, {"subject_length": 30}, other=12)
example("text_share_of_html", 0.25, {"html_length": 4_000}, other=UNKNOWN)
example("hidden_text_share", 0.5, {"hidden_text_length": 1_000})
example("subject_upper_share", 0.75, {"subject_upper_share": 0.75})
example("date_skew_days", 2, {"date_skew": -2 * DAY})
example("date_in_future_days", 2, {"date_skew": 2 * DAY})
example("text_brevity", 0.5, {"text_length": 500}, other=1 / 3)
example("capitals_density", 10, {"upper_word_count": 11})
for _defect in (
    *(Defect.SEVERAL_FROM, Defect.BROKEN_FROM, Defect.BROKEN_DATE, Defect.RAW_8BIT_HEADER, Defect.PARSERS_DISAGREE),
):
    example(f"defect_{_defect.name.lower()}", 1, {"defects": int(_defect)})
example("quoted_share", 0.25, {"quoted_length": 250})
example("lure_density", 2, {"lure_task": 1, "lure_invoice": 1, "text_length": 900})
example("quotes_without_thread", 1, {"quoted_length": 250})
for _name in ("brand_in_name", "brand_in_subject", "brand_in_text", "brand_in_domain"):
    example(_name, 1, {_name: True})
example("brand_claims", 3, {"brand_in_name": True, "brand_in_subject": True, "brand_in_domain": True})
example("name_is_role", 1, {"sender_name_role": True})
example("capped", 1, {"defects": int(Defect.CAPPED_DEPTH)})

# --- links -------------------------------------------------------------------------------------------------------
LINK = {"link_site_key": [70], "link_flags": [0], "link_count": 1, "link_site_count": 1}
for _name, _flag in {
    "link_shown_host_differs": LinkFlag.SHOWN_HOST_DIFFERS,
    "link_to_ip": LinkFlag.IP_HOST,
    "link_shortened": LinkFlag.SHORTENER,
    "link_punycode": LinkFlag.PUNYCODE,
    "link_credential_word": LinkFlag.CREDENTIAL_WORD,
    "link_userinfo": LinkFlag.USERINFO,
    "link_odd_port": LinkFlag.ODD_PORT,
    "link_plain_http": LinkFlag.PLAIN_HTTP,
    "link_redirector": LinkFlag.REDIRECTOR,
    "link_free_hosting": LinkFlag.FREE_HOSTING,
    "link_data_or_script": LinkFlag.DATA_OR_SCRIPT,
    "link_names_recipient": LinkFlag.RECIPIENT_IN_URL,
    "link_brand_in_host": LinkFlag.BRAND_IN_HOST,
    "link_names_own": LinkFlag.OWN_NAME_IN_URL,
    "link_long": LinkFlag.LONG,
    "link_deep_host": LinkFlag.DEEP_HOST,
    "link_download": LinkFlag.DOWNLOAD,
    "link_dashed_host": LinkFlag.DASHED_HOST,
    "link_action_words": LinkFlag.ACTION_WORDS,
}.items():
    example(_name, 1, {"link_flags": [0, int(_flag)]})
example("link_flags_seen", 2, {"link_flags": [int(LinkFlag.IP_HOST), int(LinkFlag.IP_HOST | LinkFlag.ODD_PORT)]})
example("link_count", 2, {"link_count": 2})
example("link_site_count", 2, {"link_site_count": 2})
example("link_from_qr_code", 1, {"link_flags": [0, int(LinkFlag.FROM_QR_CODE)]})
example("link_site_parties_least", 2, {"link_site_key": [70, 71]}, {"link_site_parties": [9, 2]}, other=UNKNOWN)
example("link_site_youngest_days", 3, LINK, {"link_site_first": NOW - 3 * DAY}, other=UNKNOWN)
example("link_new_sites", 1, {"link_site_key": [70, 71]}, {"link_site_messages": [9, 0]}, other=UNKNOWN)
example("link_foreign_share", 0.5, {"link_site_key": [70, SENDER_SITE]}, other=UNKNOWN)
TWO_LINKS = {"link_site_key": [70, 71]}
example("link_own_messages_least", 2, TWO_LINKS, {"own_link_site_messages": [9, 2]}, other=UNKNOWN)
example("link_sender_messages_least", 2, TWO_LINKS, {"sender_link_site_messages": [9, 2]}, other=UNKNOWN)
example("link_site_last_day_most", 9, TWO_LINKS, {"link_site_last_day": [9, 2]}, other=UNKNOWN)
example("link_shown_site_messages", 6, LINK | {"link_shown_site_key": [77]}, {"shown_site_messages": 6})
example("link_shown_site_differs", 1, LINK | {"link_shown_site_key": [77]})
example("link_shows_sender_site", 1, LINK | {"link_shown_site_key": [SENDER_SITE]})

# --- attachments -------------------------------------------------------------------------------------------------
FILE = {"attachment_type_key": [80], "attachment_count": 1}
for _file in set(AttachmentFlag) - {AttachmentFlag.CALENDAR}:
    example(f"attachment_{_file.name.lower()}", 1, {"attachment_flags": [0, int(_file)]})
example("attachment_count", 2, {"attachment_count": 2})
example("attachment_type_messages_least", 1, FILE, {"sender_attachment_type_messages": 1}, other=UNKNOWN)
example(
    "attachment_types_new",
    1,
    {"attachment_type_key": [80, 81]},
    {"sender_attachment_type_messages": [5, 0]},
    other=UNKNOWN,
)
example("attachment_password_told", 1, {"attachment_flags": [int(AttachmentFlag.ARCHIVE)], "lure_file_password": 1})
TWO_FILES = {"attachment_type_key": [80, 81]}
example("attachment_type_rarest", 2, TWO_FILES, {"attachment_type_messages": [9, 2]}, other=UNKNOWN)
example("attachment_copies_seen", 7, FILE, {"attachment_hash_messages": 7}, other=UNKNOWN)

# --- authentication ----------------------------------------------------------------------------------------------
for _method in ("spf", "dkim", "dmarc", "arc"):
    example(f"{_method}_passed", 1, {_method: Authentication.PASS}, other=UNKNOWN)
    example(f"{_method}_failed", 1, {_method: Authentication.SOFTFAIL}, other=UNKNOWN)
    example(f"{_method}_none", 1, {_method: Authentication.NONE}, other=UNKNOWN)
example("spf_aligned", 1, {"spf_aligned": 1}, other=UNKNOWN)
example("dkim_aligned", 0, {"dkim_aligned": 0}, other=UNKNOWN)
example("authentication_failures", 2, {"spf": Authentication.FAIL, "dmarc": Authentication.FAIL}, other=UNKNOWN)
example("authentication_unknown", 0, {"spf": Authentication.PASS}, other=1)
CHECKED = {"sender_messages": 10, "sender_authentication_seen": 10}
for _method in ("spf", "dkim", "dmarc"):
    _passes = CHECKED | {f"sender_{_method}_passes": 8}
    example(f"sender_{_method}_pass_rate", 0.8, {}, _passes, other=UNKNOWN)
    example(f"{_method}_lost", 0.8, {_method: Authentication.FAIL}, _passes, other=UNKNOWN)
example("authentication_lost", 1, {}, CHECKED, other=UNKNOWN)
for _method in ("spf", "dkim", "dmarc"):
    _passes = {"site_messages": 10, "site_authentication_seen": 10, f"site_{_method}_passes": 8}
    example(f"site_{_method}_lost", 0.8, {_method: Authentication.FAIL}, _passes, other=UNKNOWN)
example("site_authentication_lost", 0.5, {}, {"site_messages": 10, "site_authentication_seen": 5}, other=UNKNOWN)
example("envelope_differs", 1, {"envelope_site_key": 99}, other=UNKNOWN)
example("own_sender_disowned", 1, {"sender_is_own": True, "dmarc": Authentication.FAIL})
example("own_sender_unproven", 1, {"sender_is_own": True, "spf": Authentication.NONE})
example("received_hops", 3, {"received_hops": 3}, other=UNKNOWN)

# --- sender ------------------------------------------------------------------------------------------------------
example("sender_missing", 1, {"sender_key": 0})
example("sender_is_own", 1, {"sender_is_own": True})
example("sender_is_free_mail", 1, {"sender_is_free_mail": True})
example("sender_domain_punycode", 1, {"sender_domain_punycode": True})
example("sender_local_digits", 4, {"sender_local_digits": 4})
example("sender_domain_length", 9, {"sender_domain_length": 9})
for _name in (
    *("sender_messages", "sender_days", "sender_recipients", "sender_networks", "site_messages"),
    *("party_messages", "party_days", "party_senders", "party_recipients"),
):
    example(_name, 6, {}, {_name: 6})
example("sender_age_days", 5, {}, {"sender_messages": 1, "sender_first": NOW - 5 * DAY})
example("party_age_days", 5, {}, {"party_messages": 1, "party_first": NOW - 5 * DAY})
example("sender_silence_days", 4, {}, {"sender_last": NOW - 4 * DAY}, other=UNKNOWN)
example("party_silence_days", 4, {}, {"party_last": NOW - 4 * DAY}, other=UNKNOWN)
example("sender_first_contact", 0, {}, {"sender_messages": 1}, other=1)
example("party_first_contact", 0, {}, {"party_messages": 1}, other=1)
KNOWN = {"sender_messages": 12, "sender_days": 4, "party_messages": 24}
example("sender_daily_rate", 3, {}, KNOWN, other=UNKNOWN)
example(
    "sender_awakening",
    200 / 310,
    {},
    {"sender_messages": 20, "sender_days": 20, "sender_first": NOW - 200 * DAY, "sender_last": NOW - 200 * DAY},
    other=UNKNOWN,
)
example("sender_network_share", 0.5, {}, KNOWN | {"sender_network_messages": 6}, other=UNKNOWN)
example("sender_mailer_share", 0.25, {}, KNOWN | {"sender_mailer_messages": 3}, other=UNKNOWN)
example("sender_hour_share", 0.5, {}, KNOWN | {"sender_hour_messages": 6}, other=UNKNOWN)
example("sender_reply_to_share", 0.25, {}, KNOWN | {"sender_reply_to_messages": 3}, other=UNKNOWN)
example("party_network_share", 0.25, {}, KNOWN | {"party_network_messages": 6}, other=UNKNOWN)
example("sender_strangeness", 3, {}, KNOWN | {"sender_hour_messages": 6}, other=UNKNOWN)
ELSEWHERE = {"reply_to_key": 90, "reply_to_site_key": 91}
example("reply_to_differs", 1, ELSEWHERE)
example("reply_to_site_differs", 1, ELSEWHERE)
example("reply_to_is_free_mail", 1, ELSEWHERE | {"reply_to_is_free_mail": True})
example("reply_to_leaves_own", 1, ELSEWHERE | {"sender_is_own": True})
example("reply_to_written_to", 2, ELSEWHERE, {"wrote_to_reply_to": 2})
example("reply_to_diverts", 1, ELSEWHERE | {"reply_to_is_free_mail": True})

for _name in (
    *("sender_last_hour", "sender_last_day", "sender_last_week", "party_last_day", "party_last_week"),
    *("sender_names", "sender_answered_by", "party_payment_messages"),
):
    example(_name, 6, {}, {_name: 6})
example("sender_burst", 5, {}, KNOWN | {"sender_last_day": 15}, other=UNKNOWN)
for _name, _fact in {
    "sender_hour_of_week_share": "sender_hour_of_week_messages",
    "sender_language_share": "sender_language_messages",
    "sender_fan_out_share": "sender_fan_out_messages",
    "sender_headers_share": "sender_header_order_messages",
    "sender_envelope_share": "sender_envelope_messages",
    "sender_bulk_share": "sender_bulk_messages",
    "sender_link_share": "sender_link_messages",
    "sender_attachment_share": "sender_attachment_messages",
    "sender_payment_share": "sender_payment_messages",
}.items():
    example(_name, 0.25, {}, KNOWN | {_fact: 3}, other=UNKNOWN)
example("party_mailer_share", 0.25, {}, KNOWN | {"party_mailer_messages": 6}, other=UNKNOWN)
example("party_envelope_share", 0.25, {}, KNOWN | {"party_envelope_messages": 6}, other=UNKNOWN)
example("sender_first_link", 1, {"link_count": 1}, KNOWN, other=UNKNOWN)
example("sender_first_attachment", 1, {"attachment_count": 1}, KNOWN, other=UNKNOWN)
example("sender_first_payment", 1, {"lure_invoice": 1}, KNOWN, other=UNKNOWN)
example("sender_novelty", 3, {}, KNOWN | {"sender_language_messages": 6}, other=UNKNOWN)
example("reply_to_unknown", 1, ELSEWHERE)

# --- recipient ---------------------------------------------------------------------------------------------------
TWO = {"recipient_key": [OWN_PERSON, 22], "recipient_is_own": [True, True], "recipient_site_key": [OWN_SITE] * 2}
example("recipient_count", 2, {"recipient_count": 2}, other=1)
example("own_recipient_count", 2, {"own_recipient_count": 2, "recipient_count": 2}, other=1)
example("outside_recipient_count", 2, {"recipient_count": 3})
example("recipients_undisclosed", 1, {"recipient_role": [Role.DELIVERED]})
example("sole_own_recipient", 0, {"recipient_count": 2}, other=1)
example("cc_share", 0.5, TWO | {"recipient_count": 2, "recipient_role": [Role.TO, Role.CC]})
example("recipient_named", 1, {"recipient_name_key": [5]})
example("recipient_messages_most", 9, TWO, {"recipient_messages": [9, 3]})
example("recipient_senders_most", 9, TWO, {"recipient_senders": [9, 3]})

for _name, _fact in {
    "recipient_exposure": "recipient_outside_parties",
    "recipient_correspondents_most": "recipient_correspondents",
    "recipient_importance": "recipient_answered_by",
    "recipient_last_hour_most": "recipient_last_hour",
    "recipient_last_day_most": "recipient_last_day",
}.items():
    example(_name, 9, TWO, {_fact: [9, 3]})

# --- relationship ------------------------------------------------------------------------------------------------
example("pair_messages", 4, TWO, {"pair_messages": [4, 0]})
example("party_pair_messages", 4, TWO, {"party_pair_messages": [4, 0]})
example("wrote_to_by_recipient", 4, TWO, {"wrote_to": [0, 4]})
example("pair_age_days", 8, TWO, {"pair_first": [NOW - 8 * DAY, NOW - 2 * DAY]})
example("pair_silence_days", 2, TWO, {"pair_last": [NOW - 8 * DAY, NOW - 2 * DAY]}, other=UNKNOWN)
example("pair_first_contact", 0, TWO, {"pair_messages": [1, 0]}, other=1)
example("new_recipient_share", 0.5, TWO, {"pair_messages": [1, 0]}, other=1)
example("wrote_to_sender", 3, {}, {"wrote_to_sender": 3})
example("wrote_to_site", 3, {}, {"wrote_to_site": 3})
example("solicited", 1, {}, {"wrote_to_sender": 3})
example("site_solicited", 1, {}, {"wrote_to_site": 3})
example("wrote_to_party", 2, {"sender_is_free_mail": True}, {"wrote_to_sender": 2, "wrote_to_site": 90})
example("thread_own_messages", 3, {}, {"thread_own_messages": 3})
example("thread_sender_messages", 3, {}, {"thread_sender_messages": 3})
example("thread_sender_addressed", 3, {}, {"thread_sender_addressed": 3})
example("parent_seen", 1, {"parent_key": 41}, {"parent_seen": 2})
example("reply_unfounded", 1, {"subject_is_reply": True})
example("thread_stranger", 1, {}, {"thread_messages": 3})
example("reply_without_reference", 1, {"subject_is_reply": True})
example("stranger_asks_money", 3, {"lure_payment": 1, "lure_gift_card": 2})
example("stranger_asks_credentials", 3, {"lure_credential": 1, "lure_document_share": 2})
example("stranger_presses", 3, {"lure_urgency": 1, "lure_secrecy": 2})
example("known_party_new_address", 1, {}, {"party_messages": 5})

example("unanswered_days", 2, TWO, {"wrote_to_last": [NOW - 8 * DAY, NOW - 2 * DAY]}, other=UNKNOWN)
example("wrote_to_sender_people", 3, {}, {"wrote_to_sender_people": 3})
example("wrote_to_site_people", 3, {}, {"wrote_to_site_people": 3})
example("thread_party_messages", 3, {}, {"thread_party_messages": 3})
example("thread_silence_days", 4, {}, {"thread_last": NOW - 4 * DAY}, other=UNKNOWN)
example("thread_new_address", 1, {}, {"thread_party_messages": 3})

# --- accounts ----------------------------------------------------------------------------------------------------
TWO_ACCOUNTS = {"account_key": [95, 96]}
PAID = {"party_account_number_messages": 7}
example("party_account_number_messages", 7, {}, PAID)
example("sender_account_number_messages", 7, {}, {"sender_account_number_messages": 7})
example("account_new_to_party", 1, TWO_ACCOUNTS, {"party_account_messages": [5, 0]})
example("account_new", 1, TWO_ACCOUNTS, {"account_messages": [5, 0]})
example("account_replaces_known", 1, {"account_key": [95]}, PAID)
example("account_party_messages", 5, TWO_ACCOUNTS, {"party_account_messages": [5, 0]}, other=UNKNOWN)

# --- identity ----------------------------------------------------------------------------------------------------
NAMED = {"sender_name_key": 60}
example("name_present", 1, NAMED)
example("name_holds_domain", 1, {"sender_name_domain_key": SENDER_SITE})
example("name_holds_other_domain", 1, {"sender_name_domain_key": 99})
example("name_holds_own_domain", 1, {"sender_name_domain_key": OWN_SITE})
example("name_spells_address", 1, NAMED | {"sender_local_name_key": 60}, other=UNKNOWN)
for _name in ("name_messages", "name_sender_messages", "name_addresses", "outside_name_messages"):
    example(_name, 5, NAMED, {_name: 5})
example("name_used_by_others", 3, NAMED, {"name_messages": 5, "name_sender_messages": 2})
example("name_borrowed", 0.75, NAMED, {"name_messages": 15, "name_addresses": 1})
LIKENESS = {"variant_messages": 50, "variant_first_site": 31, "variant_first": NOW - 30 * DAY}
example("lookalike_messages", 50, {}, LIKENESS)
example("lookalike_age_days", 30, {}, LIKENESS)
example("lookalike_imbalance", 49 / 60, {}, LIKENESS | {"site_messages": 1})
example("lookalike_of_own", 1, {}, LIKENESS | {"variant_first_site": OWN_SITE})

# --- organisation ------------------------------------------------------------------------------------------------
example("own_name_messages", 5, NAMED, {"own_name_messages": 5})
example("own_local_name_messages", 5, NAMED, {"own_local_name_messages": 5})
example("own_name_correspondents", 7, NAMED, {"own_name_correspondents": 2, "own_local_name_correspondents": 7})
example("own_name_misused", 1, NAMED, {"own_local_name_messages": 5})
example("own_name_misused_prominence", 7, NAMED, {"own_name_messages": 5, "own_name_correspondents": 7})
example(
    "own_name_from_other_own",
    1,
    NAMED | {"sender_is_own": True},
    {"own_name_messages": 5, "own_name_address": 88},
)
example("own_name_in_address", 1, {"sender_local_name_key": 61}, {"own_name_spelled": 4})
for _name in (
    *("subject_messages", "subject_senders", "subject_last_day"),
    *("network_messages", "network_parties", "mailer_messages", "tenant_last_day"),
):
    example(_name, 6, {}, {_name: 6})
example("tenant_messages", 5, {}, {"tenant_messages": 5}, other=1_000)


def test_every_signal_has_its_example() -> None:
    assert sorted(EXAMPLES) == sorted(SIGNALS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_signal_has_its_value_with_the_example_and_another_without(
    name: str, measure: Callable[..., dict[str, float]]
) -> None:
    given = EXAMPLES[name]
    assert measure(given.columns, given.facts)[name] == pytest.approx(given.value)
    assert measure()[name] == pytest.approx(given.other, nan_ok=True)
    assert math.isnan(given.other) or given.other != given.value


def test_documentation_reads_as_sentences() -> None:
    for signal in SIGNALS.values():
        assert signal.doc[0].isupper(), signal.name
        assert signal.doc.endswith("."), signal.name
        assert signal.unit, signal.name
