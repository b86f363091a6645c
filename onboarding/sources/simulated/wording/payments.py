"""What vendors and payers write about invoices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvoiceWording:
    """One language's ways to send an invoice and to talk about it."""

    subjects: tuple[str, ...]
    texts: tuple[str, ...]
    closings: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]


INVOICES = {
    "en": InvoiceWording(
        (
            "Invoice {invoice}",
            "Your invoice {invoice} from {company}",
            "{company}: invoice {invoice}",
            "New invoice {invoice} ({month})",
        ),
        (
            "Dear customer,\n\nplease find attached invoice {invoice} over {amount}. Payment is due by "
            "{when}.\n\nOur bank details are unchanged: IBAN {iban}.",
            "Hello,\n\nattached is our invoice {invoice} for {month}. The total is {amount}, payable within 30 days.",
            "Good day,\n\nthank you for your business. Invoice {invoice} ({amount}) is attached. Please quote "
            "the invoice number with your payment to IBAN {iban}.",
            "Hi,\n\ninvoice {invoice} is attached. Let me know if you need a purchase order number on it.",
        ),
        ("Kind regards\n{me}", "Best regards,\n{me}", "Thank you\n{me}"),
        (
            "Thanks, received. It goes into the payment run on {day}.",
            "Could you add our purchase order number {number} to the invoice, please?",
            "The amount differs from the order by a little, can you check?",
            "Paid today.",
        ),
        (
            "Of course, the corrected invoice follows.",
            "Thank you very much!",
            "I checked, the freight was missing in the order.",
            "Great, thanks for letting me know.",
        ),
    ),
    "de": InvoiceWording(
        ("Rechnung {invoice}", "Ihre Rechnung {invoice}", "Rechnung {invoice} von {company}"),
        (
            "Sehr geehrte Damen und Herren,\n\nanbei erhalten Sie unsere Rechnung {invoice} über {amount} EUR, "
            "zahlbar bis {when}.\n\nUnsere Bankverbindung: IBAN {iban}.",
            "Guten Tag,\n\nim Anhang finden Sie die Rechnung {invoice}. Der Betrag von {amount} EUR ist "
            "innerhalb von 30 Tagen fällig.",
        ),
        ("Mit freundlichen Grüßen\n{me}", "Freundliche Grüße\n{me}"),
        ("Danke, ist eingegangen und wird am {tag} bezahlt.", "Bitte ergänzen Sie noch unsere Bestellnummer {number}."),
        ("Gern, die korrigierte Rechnung folgt.", "Vielen Dank!"),
    ),
    "fr": InvoiceWording(
        ("Facture {invoice}", "Votre facture {invoice}", "{company} : facture {invoice}"),
        (
            "Madame, Monsieur,\n\nveuillez trouver ci-joint la facture {invoice} d'un montant de {amount} EUR, à "
            "régler avant le {when}.\n\nNos coordonnées bancaires : IBAN {iban}.",
            "Bonjour,\n\nvous trouverez en pièce jointe la facture {invoice}. Le montant est de {amount} EUR.",
        ),
        ("Cordialement\n{me}", "Bien à vous\n{me}"),
        ("Merci, elle sera réglée {jour}.", "Pouvez-vous ajouter notre numéro de commande {number} ?"),
        ("Bien sûr, je vous l'envoie corrigée.", "Merci beaucoup !"),
    ),
    "es": InvoiceWording(
        ("Factura {invoice}", "Su factura {invoice}", "{company}: factura {invoice}"),
        (
            "Estimados señores:\n\nadjuntamos la factura {invoice} por un importe de {amount} EUR, con "
            "vencimiento el {when}.\n\nNuestra cuenta: IBAN {iban}.",
            "Buenos días:\n\nadjunto la factura {invoice}. El importe es de {amount} EUR.",
        ),
        ("Saludos cordiales\n{me}", "Atentamente\n{me}"),
        ("Gracias, se pagará el {dia}.", "¿Puede añadir nuestro número de pedido {number}?"),
        ("Por supuesto, la envío corregida.", "¡Muchas gracias!"),
    ),
}
