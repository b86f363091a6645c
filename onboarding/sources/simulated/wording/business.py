"""Everyday business mail: what colleagues write to each other, and to and from people outside."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.sources.simulated.randomness import Draw
from onboarding.sources.simulated.wording.slots import Slots


@dataclass(frozen=True, slots=True)
class Topic:
    """Subjects and sentences that go together; `answers` are what a reply may say."""

    subjects: tuple[str, ...]
    sentences: tuple[str, ...]
    answers: tuple[str, ...]
    files: tuple[str, ...] = ()
    """Names of files that the first mail may carry."""


GREETINGS = {
    "en": ("Hi {to},", "Hello {to},", "Dear {to},", "{to},", "Hi,", "Good morning {to},"),
    "de": ("Hallo {to},", "Guten Tag {to},", "Liebe/r {to},", "Hallo zusammen,"),
    "fr": ("Bonjour {to},", "Bonjour,", "Cher/Chère {to},"),
    "es": ("Hola {to}:", "Buenos días, {to}:", "Estimado/a {to}:"),
}
CLOSINGS = {
    "en": ("Best regards,\n{me}", "Thanks,\n{me}", "Kind regards\n{me}", "Cheers,\n{me}", "{me}", "Best,\n{me}"),
    "de": ("Viele Grüße\n{me}", "Mit freundlichen Grüßen\n{me}", "Beste Grüße\n{me}", "Gruß {me}"),
    "fr": ("Cordialement,\n{me}", "Bien à vous,\n{me}", "Merci d'avance,\n{me}"),
    "es": ("Saludos,\n{me}", "Un saludo,\n{me}", "Gracias y saludos,\n{me}"),
}

INSIDE = {
    "en": (
        Topic(
            ("{project} status", "{project}: where we are", "Update on {project}", "{project} - open points"),
            (
                "Quick update on {project}: {team} has finished the {doc} and we are on track for {day}.",
                "The {doc} is about {count} days late because {team} is still waiting for input.",
                "Could you look over the open points before {day}?",
                "I have put the latest version into the project folder.",
                "There are {count} items left on the list, most of them small.",
                "We agreed with {team} to move the review to {day} at {hour}.",
                "No blockers from my side at the moment.",
            ),
            (
                "Thanks, that helps. I will check the {doc} today.",
                "Sounds good to me.",
                "I would rather wait for {team} before we decide.",
                "Can we talk about this on {day}?",
                "Two of the points are done already, I have updated the list.",
                "Fine with me, please go ahead.",
                "Who is going to tell {team}?",
            ),
            ("{project} {doc}.xlsx", "{project} status.pptx", "{project} plan.pdf"),
        ),
        Topic(
            ("Meeting {day}", "Can we meet on {day}?", "{day} {hour}?", "Moving our {day} meeting"),
            (
                "Do you have half an hour on {day} at {hour}?",
                "I booked {room} for us.",
                "I would like to go through the {doc} before it goes to {team}.",
                "If {hour} does not work, later in the afternoon is fine as well.",
                "Please bring the figures for {month}.",
            ),
            (
                "{hour} works for me.",
                "I am in {city} that day, can we do it by phone?",
                "Let us take {day} instead.",
                "See you there.",
                "I have moved it in the calendar.",
            ),
        ),
        Topic(
            ("{doc} for {month}", "Draft {doc}", "Please review: {doc}", "{month} numbers"),
            (
                "Attached is the {doc} for {month}.",
                "The total is {amount}, which is a little above plan.",
                "Please send me your comments by {day}.",
                "Page {count} still needs a better picture.",
                "I took over the figures from {team}, so please check yours.",
            ),
            (
                "Looks good. One typo on page {count}.",
                "The number for {city} cannot be right, can you check?",
                "Approved from my side.",
                "I will get back to you by {day}.",
                "I added two comments in the file.",
            ),
            ("{doc} {month}.xlsx", "{doc} {month}.docx", "{doc} v{count}.pdf"),
        ),
        Topic(
            ("{thing} again", "Problem with {thing}", "{thing}"),
            (
                "Since this morning {thing} does not work for me.",
                "I have restarted twice, no change.",
                "Could somebody have a look before {hour}?",
                "It shows error {number}.",
                "It worked fine yesterday.",
            ),
            (
                "I will have a look after lunch.",
                "Please try again now, it should be fixed.",
                "Same here in {city}.",
                "Works again, thanks!",
                "I opened ticket {number} for it.",
            ),
        ),
        Topic(
            ("Customer visit in {city}", "Trip to {city}", "{city} next week"),
            (
                "I am going to {city} on {day} to see the customer about the {product}.",
                "Is there anything I should bring up?",
                "They asked about delivery of the {product} in {month}.",
                "{team} wants a short report afterwards.",
            ),
            (
                "Please ask them about order {number}.",
                "Say hello from me.",
                "They still owe us an answer on the {doc}.",
                "Could you take the {product} with you?",
            ),
        ),
        Topic(
            ("Holiday cover", "Out on {day}", "Cover for {day}"),
            (
                "I am off from {day}, could you cover for me?",
                "The open topics are {project} and the {doc}.",
                "{team} knows about it.",
                "I am back in {count} days and will check mail in the evening.",
            ),
            (
                "Sure, no problem.",
                "Of course. Enjoy!",
                "I can do {project}, but not the {doc}.",
                "Fine, have a good time.",
            ),
        ),
        Topic(
            ("PO {number}", "Purchase request {product}", "Order for {product}"),
            (
                "We need {count} more of the {product} for {project}.",
                "The quote is {amount}, cost centre {number}.",
                "Can you approve this today? The supplier ships on {day}.",
                "The invoice will come to you directly.",
            ),
            (
                "Approved.",
                "Please get a second quote first.",
                "Is that in the {month} budget?",
                "I forwarded it to {team} for payment.",
                "Done, the order is out.",
            ),
        ),
    ),
    "de": (
        Topic(
            ("Stand {project}", "{project}: offene Punkte", "Rückfrage zu {project}"),
            (
                "kurzer Zwischenstand zu {project}: wir liegen im Plan.",
                "Es fehlen noch {count} Punkte, die meisten davon sind klein.",
                "Könnt ihr bitte bis {tag} drüberschauen?",
                "Die Unterlagen liegen im Projektordner.",
                "Die Prüfung verschieben wir auf {tag} um {hour} Uhr.",
            ),
            (
                "Danke, passt für mich.",
                "Ich schaue es mir heute noch an.",
                "Lass uns am {tag} darüber sprechen.",
                "Das müssen wir mit {city} abstimmen.",
            ),
            ("{project} Übersicht.xlsx", "{project} Protokoll.pdf"),
        ),
        Topic(
            ("Termin am {tag}", "Besprechung {tag}", "Können wir {tag} kurz sprechen?"),
            (
                "hast du am {tag} um {hour} Uhr eine halbe Stunde Zeit?",
                "Ich würde gern die Zahlen mit dir durchgehen.",
                "Der Raum ist gebucht.",
                "Bitte bring die Liste aus {city} mit.",
            ),
            ("{hour} Uhr passt mir gut.", "Am {tag} bin ich in {city}, geht es auch am Telefon?", "Bis dann!"),
        ),
    ),
    "fr": (
        Topic(
            ("Point sur {project}", "{project} : avancement", "Question sur {project}"),
            (
                "voici un point rapide sur {project} : nous sommes dans les délais.",
                "Il reste {count} points ouverts.",
                "Pouvez-vous relire avant {jour} ?",
                "Les documents sont dans le dossier partagé.",
                "La réunion est déplacée à {jour}, {hour}.",
            ),
            ("Merci, c'est parfait.", "Je regarde cela aujourd'hui.", "On en parle {jour} ?", "D'accord pour moi."),
            ("{project} suivi.xlsx", "{project} compte rendu.pdf"),
        ),
        Topic(
            ("Réunion {jour}", "Disponible {jour} ?"),
            (
                "êtes-vous disponible {jour} à {hour} ?",
                "J'ai réservé la salle.",
                "Je voudrais revoir les chiffres ensemble.",
            ),
            ("{hour} me convient.", "Je suis à {city} ce jour-là.", "À {jour} alors."),
        ),
    ),
    "es": (
        Topic(
            ("Estado de {project}", "{project}: puntos abiertos", "Duda sobre {project}"),
            (
                "os paso un resumen rápido de {project}: vamos según lo previsto.",
                "Quedan {count} puntos por cerrar.",
                "¿Podéis revisarlo antes del {dia}?",
                "La documentación está en la carpeta del proyecto.",
                "La revisión pasa al {dia} a las {hour}.",
            ),
            ("Gracias, me parece bien.", "Lo miro hoy mismo.", "¿Lo hablamos el {dia}?", "Por mi parte, adelante."),
            ("{project} resumen.xlsx", "{project} acta.pdf"),
        ),
        Topic(
            ("Reunión el {dia}", "¿Nos vemos el {dia}?"),
            (
                "¿tienes media hora el {dia} a las {hour}?",
                "He reservado la sala.",
                "Me gustaría repasar las cifras contigo.",
            ),
            ("A las {hour} me va bien.", "Ese día estoy en {city}.", "Perfecto, nos vemos."),
        ),
    ),
}

OUTSIDE = {
    "en": (
        Topic(
            ("Order {number}", "Your order {number}", "Delivery of {product}", "Order confirmation {number}"),
            (
                "Thank you for your order {number} of {count} x {product}.",
                "Delivery to {city} is planned for {day}.",
                "Could you confirm the delivery address?",
                "The carrier needs the gate number and a contact on site.",
                "We can ship part of it in {month} if that helps.",
            ),
            (
                "Confirmed, thank you.",
                "Please deliver to gate {count}, contact is on site until {hour}.",
                "We need it by {day} at the latest.",
                "When can we expect the rest?",
                "The {product} arrived today, all fine.",
            ),
            ("Order {number}.pdf", "Delivery note {number}.pdf"),
        ),
        Topic(
            ("Quote for {product}", "Request for quotation: {product}", "Offer {number}"),
            (
                "Please send us your best price for {count} x {product}.",
                "Our offer for the {product} comes to {amount}, valid until {day}.",
                "We would need delivery in {month}.",
                "Payment terms as usual.",
                "Let me know if you need drawings.",
            ),
            (
                "Please find our offer attached.",
                "Is there any room on the price?",
                "We accept the offer, the order follows.",
                "I will check with {team} and come back to you.",
                "The drawings are not readable, could you send them again?",
            ),
            ("Offer {number}.pdf", "Drawing {number}.pdf", "Specification {product}.docx"),
        ),
        Topic(
            ("Meeting in {city}", "Call on {day}?", "Our call", "Visit on {day}"),
            (
                "Thank you for the good conversation.",
                "Would {day} at {hour} suit you for a call?",
                "I would like to show you the new {product}.",
                "We will be two people from our side.",
                "Agenda: the {doc}, {project}, next steps.",
            ),
            (
                "{day} at {hour} is fine.",
                "Could we make it {hour}?",
                "I look forward to it.",
                "My colleague from {team} will join.",
                "Thank you, talk to you then.",
            ),
        ),
        Topic(
            ("{project} contract", "Contract draft", "NDA {project}", "Comments on the contract"),
            (
                "Attached is the draft with our changes.",
                "Clause {count} is still open on our side.",
                "Could your legal team have a look by {day}?",
                "Apart from that we are ready to sign.",
            ),
            (
                "We accept the changes in clause {count}.",
                "Legal needs until {day}.",
                "Signed copy attached.",
                "Please see my comments.",
            ),
            ("{project} contract v{count}.docx", "NDA {project}.pdf"),
        ),
        Topic(
            ("Question about the {product}", "{product} - support case {number}", "Complaint {number}"),
            (
                "We have a problem with the {product} delivered in {month}.",
                "It stops after about {count} minutes.",
                "The serial number is {number}.",
                "Could you send somebody, or a replacement?",
            ),
            (
                "Sorry to hear that. Could you send us a picture?",
                "A replacement leaves today.",
                "It works again, thank you for the quick help.",
                "Our technician can come on {day}.",
            ),
        ),
    ),
    "de": (
        Topic(
            ("Bestellung {number}", "Angebot {number}", "Ihre Anfrage {number}"),
            (
                "vielen Dank für Ihre Bestellung {number}.",
                "Die Lieferung nach {city} ist für {tag} geplant.",
                "Bitte bestätigen Sie die Lieferadresse.",
                "Unser Angebot beläuft sich auf {amount} EUR.",
                "Bei Fragen melden Sie sich gern.",
            ),
            (
                "Vielen Dank, das bestätigen wir.",
                "Wir brauchen die Ware spätestens am {tag}.",
                "Bitte schicken Sie uns noch die Zeichnung.",
                "Die Lieferung ist angekommen, alles in Ordnung.",
            ),
            ("Angebot {number}.pdf", "Auftragsbestätigung {number}.pdf"),
        ),
    ),
    "fr": (
        Topic(
            ("Commande {number}", "Devis {number}", "Votre demande {number}"),
            (
                "nous vous remercions pour votre commande {number}.",
                "La livraison à {city} est prévue {jour}.",
                "Merci de confirmer l'adresse de livraison.",
                "Notre devis s'élève à {amount} EUR.",
            ),
            ("C'est confirmé, merci.", "Il nous le faut {jour} au plus tard.", "Bien reçu, tout est en ordre."),
            ("Devis {number}.pdf", "Bon de livraison {number}.pdf"),
        ),
    ),
    "es": (
        Topic(
            ("Pedido {number}", "Presupuesto {number}", "Su consulta {number}"),
            (
                "gracias por su pedido {number}.",
                "La entrega en {city} está prevista para el {dia}.",
                "Por favor, confirme la dirección de entrega.",
                "Nuestro presupuesto asciende a {amount} EUR.",
            ),
            ("Confirmado, gracias.", "Lo necesitamos el {dia} como muy tarde.", "Recibido, todo correcto."),
            ("Presupuesto {number}.pdf", "Albarán {number}.pdf"),
        ),
    ),
}


def prose(
    draw: Draw, language: str, sentences: tuple[str, ...], slots: Slots, to: str, me: str, terse: bool = False
) -> str:
    """A mail's text: greeting, some of the sentences in one or two paragraphs, closing."""
    most = 2 if terse else 5
    chosen = draw.shuffled(sentences)[: 1 + draw.below(min(most, len(sentences)))]
    if not terse:
        chosen.sort(key=sentences.index)
    cut = (len(chosen) + 1) // 2 if len(chosen) > 2 else len(chosen)
    paragraphs = [" ".join(chosen[:cut])] + ([" ".join(chosen[cut:])] if cut < len(chosen) else [])
    body = "\n\n".join(paragraphs).format_map(slots)
    greeting = "" if terse and draw.chance(0.4) else draw.pick(GREETINGS[language]).format(to=to) + "\n\n"
    return greeting + body + "\n\n" + draw.pick(CLOSINGS[language]).format(me=me)
