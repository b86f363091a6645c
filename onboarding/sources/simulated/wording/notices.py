"""What programs and lists write: newsletters, notifications, announcements, list discussions, spam."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.sources.simulated.wording.business import Topic


@dataclass(frozen=True, slots=True)
class Notice:
    """What one kind of service notifies of."""

    subjects: tuple[str, ...]
    texts: tuple[str, ...]
    buttons: tuple[str, ...]
    about: str = ""
    """Set when it is a benign look-alike of an attack."""


NOTICES: tuple[Notice, ...] = (
    Notice(
        ("[{project}] Ticket {number} was updated", "[{project}] {who} commented on ticket {number}"),
        (
            "{who} commented on ticket {number}: please check with {team} before {day}.",
            "Ticket {number} moved to In review.",
        ),
        ("View ticket", "Open ticket"),
    ),
    Notice(
        ("Invitation: {project} review, {day} {hour}", "Updated invitation: {doc} ({day} {hour})"),
        (
            "{who} invites you to {project} review on {day} at {hour} in {room}.",
            "The meeting about the {doc} moved to {hour}.",
        ),
        ("Yes", "See details"),
    ),
    Notice(
        ('{who} shared "{doc} {project}" with you', "{who} mentioned you in {doc}"),
        ('{who} has shared the document "{doc} {project}" with you. You can open it with your account.',),
        ("Open document", "Open"),
        "oddity:document-share",
    ),
    Notice(
        ("Build {number} of {project} passed", "Build {number} of {project} failed", "Nightly report {project}"),
        ("Build {number} finished after {count} minutes.", "{count} tests failed in {project}, see the log."),
        ("View log", "Details"),
    ),
    Notice(
        ("Your expense report {number} was approved", "Expense report {number} needs a receipt"),
        (
            "Your expense report {number} over {amount} was approved and will be paid with the next run.",
            "Please add a receipt for {amount} to report {number}.",
        ),
        ("Open report",),
    ),
    Notice(
        ("Password reset requested", "Reset your password", "Your password expires in {count} days"),
        (
            "Hello {me}, somebody asked to reset the password of your account. If that was you, use the link "
            "below within {count} hours. If not, ignore this mail.",
            "Hello {me}, your password will expire in {count} days. You can change it on your account page.",
        ),
        ("Reset password", "Change password"),
        "oddity:password-reset",
    ),
    Notice(
        ("Please sign: {doc} {project}", "{who} sent you a document to review and sign", "Completed: {doc} {project}"),
        (
            '{who} sent you the document "{doc} {project}" to review and sign.',
            'Everybody has signed "{doc} {project}".',
        ),
        ("Review document", "View completed document"),
        "oddity:signature-request",
    ),
    Notice(
        ("New sign-in to your account", "Your verification code: {number}"),
        (
            "We noticed a new sign-in near {city}. If this was you, there is nothing to do.",
            "Your code is {number}. It is valid for {count} minutes.",
        ),
        ("Check activity", "Help"),
        "oddity:sign-in-alert",
    ),
    Notice(
        ("Your weekly {project} report", "{project}: {count} new leads", "Summary for {month}"),
        ("Last week: {count} new leads, {amount} in open deals.", "Your summary for {month} is ready."),
        ("Open dashboard",),
    ),
    Notice(
        ("Travel booking {number} {city}", "Check in for {city}"),
        ("Your trip to {city} on {day} is booked. Reference {number}.", "Check-in for your trip to {city} is open."),
        ("Manage booking",),
    ),
    Notice(
        ("Receipt {number}", "Your payment of {amount}"),
        ("Thank you. We received your payment of {amount} for subscription {number}.",),
        ("View receipt",),
    ),
)
AUTOMATIC = "This is an automatic message, please do not reply."

NEWSLETTER_SUBJECTS = {
    "en": (
        "{month} news from {company}",
        "{count} ideas for {team}",
        "New: {product} for {month}",
        "{company} weekly",
        "See you in {city}?",
    ),
    "de": ("Neues von {company}", "{company} Rundbrief", "{count} Tipps für den Alltag"),
    "fr": ("Les nouvelles de {company}", "{company} : {count} idées", "La lettre de {company}"),
    "es": ("Novedades de {company}", "Boletín de {company}", "{count} ideas para esta semana"),
}
NEWSLETTER_ITEMS = {
    "en": (
        "Our new {product} is here, with {count} improvements that customers asked for.",
        "Meet us in {city}: talks, demos and a tour of the plant.",
        "How a customer in {city} saved {amount} a year.",
        "{count} questions to ask before you buy a {product}.",
        "Last chance: registration for the {project} webinar closes on {day}.",
        "Prices in our industry in {month}: what changed and why.",
        "Save {count} percent on every {product} until {day}.",
    ),
    "de": (
        "Unser neues Angebot ist da, mit {count} Verbesserungen.",
        "Besuchen Sie uns am {tag} in {city}.",
        "Nur noch bis {tag}: {count} Prozent Rabatt.",
        "Was sich für Unternehmen ändert: die wichtigsten Punkte.",
    ),
    "fr": (
        "Notre nouvelle offre est arrivée, avec {count} améliorations.",
        "Retrouvez-nous {jour} à {city}.",
        "Plus que quelques jours : {count} % de remise.",
        "Ce qui change pour les entreprises : l'essentiel.",
    ),
    "es": (
        "Ya está aquí nuestra nueva oferta, con {count} mejoras.",
        "Visítenos el {dia} en {city}.",
        "Solo hasta el {dia}: {count} % de descuento.",
        "Qué cambia para las empresas: lo esencial.",
    ),
}
READ_MORE = {"en": "Read more", "de": "Mehr lesen", "fr": "Lire la suite", "es": "Leer más"}
UNSUBSCRIBE = {
    "en": "You receive this because you signed up. [[Unsubscribe|{link}]]",
    "de": "Sie erhalten diese Mail, weil Sie sich angemeldet haben. [[Abmelden|{link}]]",
    "fr": "Vous recevez ce message car vous êtes inscrit. [[Se désabonner|{link}]]",
    "es": "Recibe este correo porque se ha suscrito. [[Darse de baja|{link}]]",
}

ANNOUNCEMENTS: tuple[Topic, ...] = (
    Topic(
        ("Office closed on {day}", "Building maintenance on {day}"),
        (
            "The office in {city} is closed on {day} because of maintenance.",
            "Please work from home.",
            "Deliveries go to gate {count}.",
            "Parking is not possible from {hour}.",
        ),
        (),
    ),
    Topic(
        ("Results for {month}", "A word about {month}", "{project} is live"),
        (
            "We closed {month} with sales of {amount}, thank you all.",
            "{project} went live on {day} as planned.",
            "A special thanks to {team}.",
            "Join the town hall at {hour} for questions.",
        ),
        (),
    ),
    Topic(
        ("Network maintenance {day} {hour}", "New version of the time sheet"),
        (
            "On {day} from {hour} the network will be slow for about {count} minutes.",
            "Please save your work before.",
            "The new time sheet opens from the intranet as usual.",
            "Questions to the service desk.",
        ),
        (),
    ),
    Topic(
        ("Welcome our new colleagues", "Benefits: enrolment until {day}"),
        (
            "Please welcome {count} new colleagues who started this week.",
            "Enrolment for benefits is open until {day} in the HR portal.",
            "The summer party is in {city} this year.",
            "HR is happy to answer questions.",
        ),
        (),
    ),
)
DISCUSSIONS: tuple[Topic, ...] = (
    Topic(
        ("Error {number} after update", "How do you test the {product}?", "Version {count} and the {product}"),
        (
            "After the update I get error {number} on start.",
            "Has anybody seen this with the {product}?",
            "I tried {count} settings, no luck.",
            "The log says nothing useful.",
            "Going back one version helps.",
        ),
        (),
    ),
    Topic(
        ("[ANN] Release {count}.{count}", "Meetup in {city}", "Call for talks"),
        (
            "The new release fixes {count} bugs.",
            "The next meetup is on {day} in {city}.",
            "Talks of 20 minutes are welcome, send a title by {day}.",
            "Thanks to all who helped.",
        ),
        (),
    ),
)
SPAM: tuple[tuple[str, str], ...] = (
    (
        "{me}, grow your traffic by {count}00%",
        "Dear site owner, we put your website on the first page in {count} days or your money back.",
    ),
    ("Best prices on watches and pills", "Discreet shipping, {count}0% off everything today only."),
    ("You have been selected!!!", "Congratulations {me}! You are one of {count} winners. Claim your prize now."),
    ("Business loan approved", "Loan of {amount} pre-approved at {count}% interest. No credit check, no questions."),
    ("Lose weight without effort", "Doctors are speechless: {count} kilos in {count} days with this simple trick."),
    ("Re: your crypto account", "Your trading robot made {amount} yesterday. Start now with a small deposit."),
    (
        "List of decision makers",
        "Hi {me}, we have {number} verified contacts of your industry for sale. Interested in counts and pricing?",
    ),
)
