"""What a mail's own words contain, in ten languages, however they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.mail import lures
from detection.mail.content import LANGUAGES, Content, content_of
from detection.mail.language import language_of
from detection.mail.lures import INTENTS, LANGUAGES_WITH_LURES, phrases, plain
from detection.mail.quoted import own_text


def intents(text: str, subject: str = "") -> set[str]:
    return {intent for intent, count in zip(INTENTS, content_of(subject, text).lures, strict=True) if count}


# One invented sentence or two for each intent.
ENGLISH = {
    "credential": "Your password will expire today. Please verify your account and log in to your mailbox.",
    "account_threat": "We detected unusual activity and your account has been suspended.",
    "payment": "I need you to process a wire transfer today. Can you make a payment to a new vendor?",
    "invoice": "Our records show an overdue invoice. Please settle the outstanding balance.",
    "bank_change": "Please note that our bank details have changed; all future payments should be made to the new bank account.",
    "payroll": "I would like to change my direct deposit before the next payroll.",
    "gift_card": "Get me five iTunes gift cards, scratch the back and send me pictures of the codes.",
    "secrecy": "Please keep this strictly confidential and do not discuss it with anyone.",
    "urgency": "Immediate action required within 24 hours.",
    "task": "Are you available? I need a quick favour, I am in a meeting and cannot talk.",
    "callback": "If you did not authorize this order, call us immediately at +1 (800) 555-0100.",
    "extortion": "I hacked your device and I will send the video to all your contacts unless you pay in bitcoin.",
    "document_share": "Dana has shared a document with you. Click here to view the document.",
    "advance_fee": "I am the lawyer of a deceased client and you are the beneficiary of his fund of 10.5 million dollars.",
    "file_password": "The archive is attached. The password is: 7741x, use it to open the file.",
    "qr_code": "Please scan the QR code below with your phone.",
}

ELSEWHERE = {
    "es": {
        "credential": "Verifique su cuenta haciendo clic; inicie sesión en su cuenta ahora.",
        "account_threat": "Su cuenta ha sido suspendida por actividad sospechosa.",
        "bank_change": "Le informamos del cambio de datos bancarios de la empresa.",
        "gift_card": "¿Puede comprar unas tarjetas de regalo para los clientes?",
        "secrecy": "Es estrictamente confidencial, no lo comentes con nadie.",
        "file_password": "La contraseña del archivo es: 4471x.",
        "qr_code": "Escanee el código QR adjunto.",
    },
    "de": {
        "credential": "Bitte bestätigen Sie Ihre Kontodaten und melden Sie sich jetzt an, um den Zugang nicht zu verlieren.",
        "account_threat": "Ihr Konto wurde vorübergehend gesperrt. Wir haben verdächtige Aktivitäten auf dem Konto bemerkt.",
        "payment": "Können Sie heute noch eine Überweisung für mich ausführen? Es ist eine dringende Überweisung.",
        "bank_change": "Wir teilen Ihnen mit, dass sich unsere Bankverbindung geändert hat. Die neue Bankverbindung ist unten.",
        "payroll": "Ich habe meine Bank gewechselt und möchte die Bankverbindung für mein Gehalt ändern.",
        "secrecy": "Bitte behandeln Sie dies streng vertraulich.",
        "file_password": "Das Passwort für den Anhang lautet: 4471x.",
        "qr_code": "Bitte scannen Sie den QR-Code unten.",
    },
    "fr": {
        "credential": "Veuillez vérifier votre compte et confirmer votre identité.",
        "account_threat": "Votre compte a été suspendu après une activité inhabituelle.",
        "payment": "Pouvez-vous effectuer un virement urgent pour nous ?",
        "bank_change": "Nous vous informons du changement de nos coordonnées bancaires.",
        "invoice": "Vous trouverez ci-joint la facture impayée de votre dernière commande.",
        "file_password": "Mot de passe de la pièce jointe : 4471x.",
        "qr_code": "Scannez le QR code ci-dessous.",
    },
    "pt": {
        "credential": "Clique aqui para atualizar seus dados e confirme sua senha por favor.",
        "account_threat": "Sua conta foi bloqueada por uma atividade suspeita.",
        "bank_change": "Informamos a alteração dos dados bancários da nossa empresa.",
        "invoice": "Segue em anexo o boleto vencido para o seu pagamento.",
        "file_password": "Senha do arquivo: 4471x.",
        "qr_code": "Escaneie o código QR abaixo.",
    },
    "it": {
        "credential": "La preghiamo di verificare il suo account e confermare i suoi dati.",
        "account_threat": "Il suo conto è stato sospeso per un accesso sospetto.",
        "bank_change": "Vi informiamo della modifica delle nostre coordinate bancarie.",
        "file_password": "Password dell'archivio: 4471x.",
        "qr_code": "Scansiona il codice QR qui sotto.",
    },
    "nl": {
        "credential": "Bevestig uw account en log in op uw mijn omgeving om de gegevens bij te werken.",
        "account_threat": "Uw rekening is geblokkeerd wegens verdachte activiteit op de rekening.",
        "bank_change": "Wij laten u weten dat onze bankgegevens zijn gewijzigd.",
        "file_password": "Het wachtwoord voor de bijlage is 4471x.",
        "qr_code": "Scan de onderstaande QR-code.",
    },
    "pl": {
        "credential": "Prosimy zaloguj się do systemu i zweryfikuj swoje konto.",
        "account_threat": "Twoje konto zostało zablokowane. Wykryliśmy podejrzane logowanie na konto.",
        "bank_change": "Informujemy o zmianie numeru konta bankowego naszej firmy.",
        "file_password": "Hasło do pliku to 4471x.",
        "qr_code": "Zeskanuj poniższy kod QR.",
    },
    "ja": {
        "credential": "アカウント情報の確認をお願いします。下記のリンクをクリックしてください。",
        "account_threat": "不正なアクセスがあったため、アカウントを停止しました。",
        "bank_change": "振込先の変更をお知らせします。",
        "file_password": "添付ファイルの解凍パスワードは 4471x です。",
        "qr_code": "下記のQRコードをスキャンしてください。",
    },
    "zh": {
        "credential": "请立即点击以下链接验证您的账户。",
        "account_threat": "您的账户已被冻结,因为检测到异常登录。",
        "bank_change": "我们的银行账户已变更,请将货款汇到新账户。",
        "file_password": "附件密码是 4471x。",
        "qr_code": "请使用手机扫描二维码。",
    },
}


@pytest.mark.parametrize("intent", INTENTS)
def test_a_lure_is_known_by_its_intent(intent: str) -> None:
    assert intent in intents(ENGLISH[intent])


@pytest.mark.parametrize(
    ("language", "intent"), [(language, intent) for language, texts in ELSEWHERE.items() for intent in texts]
)
def test_a_lure_is_known_in_other_languages(language: str, intent: str) -> None:
    assert intent in intents(ELSEWHERE[language][intent])


@pytest.mark.parametrize(
    "text",
    [
        "Shall we have lunch on Tuesday? I will book a table for four.",
        "The build is green again. I merged your patch and tagged the release.",
        "Thanks for the minutes. Two corrections below, otherwise fine with me.",
        "Anbei das Protokoll der Sitzung von gestern, mit Dank an alle.",
    ],
)
def test_ordinary_mail_holds_no_lure(text: str) -> None:
    assert intents(text) == set()


def test_lures_hide_neither_behind_line_breaks_case_quotes_invisible_nor_foreign_letters() -> None:
    plainly = content_of("", "Please verify your account. We're unable to process your payment.").lures
    for disguised in (
        "PLEASE   verify\nyour\t\taccount. We're unable to process your payment.",
        "Please verify your account. We’re unable to process your payment.",
        "Please ve\u200brify your ac\u00adcount. We're unable to process your payment.",
        "Please vеrify yоur ассоunt. We're unable to process your payment.",  # Cyrillic letters
        "Ｐｌｅａｓｅ ｖｅｒｉｆｙ ｙｏｕｒ ａｃｃｏｕｎｔ. We're unable to process your payment.",
        "𝐏𝐥𝐞𝐚𝐬𝐞 𝐯𝐞𝐫𝐢𝐟𝐲 𝐲𝐨𝐮𝐫 𝐚𝐜𝐜𝐨𝐮𝐧𝐭. We're unable to process your payment.",
    ):
        assert content_of("", disguised).lures == plainly
    assert sum(plainly) >= 2


def test_a_subject_counts_as_much_as_the_text() -> None:
    assert intents("", subject="Verify your account") == {"credential"}


def test_quoted_history_is_not_what_this_sender_says() -> None:
    reply = "Thanks, I will look at it on Monday morning."
    for history in (
        "\n\n-----Original Message-----\nFrom: x\nVerify your account within 24 hours.",
        "\n\nOn Mon, 1 May 2023 at 10:00, Ann Lee wrote:\nVerify your account within 24 hours.",
        "\n> Verify your account\n> within 24 hours.",
        "\n\nVon: Ann Lee\nGesendet: Montag\nAn: Bob\nVerify your account within 24 hours.",
        "\n\nFrom: Ann Lee <a@example.com>\nSent: Monday\nTo: Bob\nVerify your account within 24 hours.",
    ):
        content = content_of("", reply + history)
        assert sum(content.lures) == 0, history
        assert content.quoted_length > 20


def test_an_answer_below_a_quoted_block_is_the_senders_own() -> None:
    text = "On Mon, 1 May 2023, Ann wrote:\n> How are things?\n> Ann\n\nPlease verify your account at once."
    assert own_text(text) == "Please verify your account at once."


def test_a_mail_that_only_forwards_says_what_it_forwards() -> None:
    forwarded = "---------- Forwarded message ---------\nFrom: x\nVerify your account now please."
    assert own_text(forwarded) == forwarded
    assert intents(forwarded) == {"credential"}


# --- language --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Thank you for the report, we will look at it and come back to you with our comments."),
        ("de", "Vielen Dank für den Bericht, wir sehen ihn uns an und melden uns bei Ihnen."),
        ("fr", "Merci pour le rapport, nous allons le lire et nous vous répondrons dans la semaine."),
        ("es", "Gracias por el informe, lo vamos a leer con atención y le responderemos esta semana."),
        ("it", "Grazie per il rapporto, lo leggeremo e le risponderemo nella settimana, non è urgente."),
        ("pt", "Obrigado pelo relatório, não há pressa; vamos ler e responder a você em uma semana."),
        ("nl", "Bedankt voor het rapport, wij lezen het en komen met een antwoord naar u."),
        ("pl", "Dziękuję za raport, nie jest to pilne, proszę o czas na jego lekturę."),
        ("ja", "報告書をありがとうございます。来週までにご返事いたします。"),
        ("zh", "谢谢您的报告,我们下周会回复。"),
        ("ru", "Спасибо за отчёт, мы ответим на следующей неделе."),
    ],
)
def test_a_language_is_known_by_its_common_words(code: str, text: str) -> None:
    assert LANGUAGES[language_of(text).best] == code


@pytest.mark.parametrize("text", ["", "ok", "1,234.50", "patch v2 1/3", "🎉🎉"])
def test_a_text_of_hardly_any_words_is_in_no_known_language(text: str) -> None:
    assert language_of(text).best == -1


# --- counts ----------------------------------------------------------------------------------------------------------


def content(text: str) -> Content:
    return content_of("", text)


def test_numbers_of_each_kind_are_counted() -> None:
    assert content("Call +49 30 1234 5678 or (212) 555-0123.").phone_count == 2
    assert content("We owe you $1,250.00, 300 EUR and 40 dollars.").money_count == 3
    assert content("IBAN DE89 3704 0044 0532 0130 00").account_number_count >= 1
    assert content("Routing number: 021000021, account no. 1234567890").account_number_count == 2
    assert content("Send it to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq").account_number_count == 1
    assert content("Meeting at 10 on the 3rd, room 210").phone_count == 0


def test_an_iban_whose_check_digits_fail_is_none() -> None:
    right, wrong = "GB82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32"
    assert content(right).account_number_count == 1
    assert content(wrong).account_number_count == 0


def test_shouting_is_counted() -> None:
    assert content("ACT NOW!!! This OFFER ends").exclamation_count == 3
    assert content("ACT NOW or the OFFER ends at 5 PM").upper_word_count == 3


def test_words_of_two_alphabets_are_counted() -> None:
    assert content("Your pаsswоrd, your ассоunt").lookalike_word_count == 2
    assert content("Ваш пароль и your account").lookalike_word_count == 0


@pytest.mark.parametrize(
    "greeting",
    [
        "Dear customer,",
        "Dear valued user",
        "Hello bob@acme.example",
        "Sehr geehrter Kunde,",
        "Estimado cliente:",
        "お客様各位",
    ],
)
def test_a_greeting_of_nobody_is_generic(greeting: str) -> None:
    assert content(greeting).generic_greeting


def test_a_greeting_by_name_is_not_generic() -> None:
    assert not content("Dear Ann,").generic_greeting


@given(st.text(max_size=500), st.text(max_size=3_000))
def test_any_text_has_content(subject: str, text: str) -> None:
    found = content_of(subject, text)
    assert len(found.lures) == len(INTENTS)
    assert min(found[2:7]) >= 0


@pytest.mark.parametrize(
    "unit", ["$1 ", "> ", "wrote:\n", "1", "[", "(", "-", "+1 ", "a@", "ab12 3456 ", "from: x\n", "\n\n", "é", "о"]
)
def test_repetition_without_end_costs_little(unit: str, benchmark_seconds: float) -> None:
    from time import thread_time

    text = unit * (20_000 // len(unit))
    content_of("", text)
    began = thread_time()
    content_of("", text)
    assert thread_time() - began < 100 * benchmark_seconds


@pytest.fixture(scope="module")
def benchmark_seconds() -> float:
    """What an ordinary long text costs here and now."""
    from time import thread_time

    text = "We looked at the figures of the last quarter and found nothing to add to them. " * 250
    content_of("", text)
    began = thread_time()
    content_of("", text)
    return thread_time() - began


# --- the phrases themselves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES_WITH_LURES)
def test_every_language_has_phrases_of_every_intent_written_as_texts_are_read(language: str) -> None:
    found = phrases(language)
    assert {intent for intent, _ in found} == set(INTENTS)
    assert len(set(found)) == len(found)
    for _, phrase in found:
        assert phrase == phrase.lower() or "\\S" in phrase or "\\W" in phrase
        assert "  " not in phrase


def test_a_mistake_in_a_phrase_file_is_named_by_its_line(tmp_path: Path) -> None:
    for text, words in [
        ("[nonsense]\nx\n", "line 1: no intent is called nonsense"),
        ("# c\nverify\n", "line 2: a phrase stands before"),
        ("[task]\n(open\n", "line 2: RE2 refuses"),
    ]:
        path = tmp_path / "xx.txt"
        path.write_text(text)
        with pytest.raises(ValueError, match=f"xx.txt, {words}"):
            lures._phrases_in(path)


def test_a_phrase_with_a_gap_needs_its_parts_near_each_other() -> None:
    near = plain("Change my bank account used for payroll. We found the beneficiary of the late client's fund.")
    far = plain("The beneficiary of the " + "word " * 30 + " fund.")
    assert lures.intents_in(near.encode(), "en")[INTENTS.index("advance_fee")] > 0
    assert lures.intents_in(far.encode(), "en")[INTENTS.index("advance_fee")] == 0
