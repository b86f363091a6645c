"""Attacks with something to open: a link, a picture of one, a file whose first bytes alone are real."""

from __future__ import annotations

from onboarding.sources.simulated import files
from onboarding.sources.simulated.attacks.disguise import from_hijacked, from_stranger, lookalike
from onboarding.sources.simulated.attacks.registry import Scene, recipe
from onboarding.sources.simulated.mail import File, Mail
from onboarding.sources.simulated.names import company_name
from onboarding.sources.simulated.notifications import program_of
from onboarding.sources.simulated.outsiders import domain_way, network_of
from onboarding.sources.simulated.parties import Address, Party, Posture
from onboarding.sources.simulated.people import Department
from onboarding.sources.simulated.qr import qr_picture
from onboarding.sources.simulated.randomness import Draw


@recipe("credential-phishing")
def credential_phishing(scene: Scene) -> Mail:
    """The mailbox, its password, its quota: sign in here."""
    company = scene.world.roster.company.rpartition(" ")[0]
    name = scene.draw.pick(
        (f"{company} IT Support", "Mail Administrator", "IT Service Desk", f"{company} Mail", "Webmail")
    )
    return scene.mail(_sender(scene, name), link=_link(scene), me=name, host=scene.world.roster.domain)


@recipe("brand-impersonation")
def brand_impersonation(scene: Scene) -> Mail:
    """A service that the target uses, or a parcel, or a bank, from somewhere else."""
    brand, domain = program_of(scene.world, scene.target)
    fake = lookalike(scene.draw, domain)
    if scene.draw.chance(0.5):
        sender = Party(Address(brand, f"no-reply@{fake}"), domain_way(scene.draw, fake))
    else:
        sender = _sender(scene, brand)
    return scene.mail(sender, link=_link(scene, fake), me=f"The {brand} team", brand=brand)


@recipe("qr-phishing")
def qr_phishing(scene: Scene) -> Mail:
    """The link is a picture."""
    name = scene.draw.pick(("HR Department", "IT Security", "Payroll", "Microsoft 365 Admin", "Document Centre"))
    picture = File("image001.png", "image/png", qr_picture(_link(scene)), inline=True)
    return scene.mail(_sender(scene, name), files=(picture,), me=name)


@recipe("malicious-attachment")
def malicious_attachment(scene: Scene) -> Mail:
    """A file that would run something."""
    draw = scene.draw
    number = draw.number(5)
    harmless = f"simulated {number}"
    page = f'<html><body><form action="{_link(scene)}"><input type="password"></form></body></html>'
    choices = (
        File(f"Invoice_{number}.pdf.js", "application/javascript", f"// {harmless}\n".encode()),
        files.office(f"Order_{number}.docm", harmless),
        files.office(f"Payment advice {number}.xlsm", harmless),
        File(f"Document_{number}.zip", "application/zip", files.archive([(f"Doc_{number}.lnk", b"L\0\0\0")], True)),
        File(f"Remittance_{number}.html", "text/html", page.encode()),
        File(f"Scan_{number}.iso", "application/octet-stream", bytes(32_769) + b"CD001\x01"),
        File(f"Quotation {number}.exe", "application/octet-stream", b"MZ\x90\0" + harmless.encode()),
        File(f"Contract_{number}.pdf", "application/pdf", b"MZ\x90\0" + harmless.encode()),
    )
    sender = from_stranger(draw) if draw.chance(0.5) else from_hijacked(scene.world.seed, draw)
    return scene.mail(sender, files=(draw.pick(choices),), password=draw.number(4))


@recipe("spoofed-internal")
def spoofed_internal(scene: Scene) -> Mail:
    """The organisation's own address in From, sent from outside, which authentication shows."""
    colleague = scene.colleague(scene.draw.pick((Department.HR, Department.IT, Department.FINANCE)))
    draw = Draw(scene.key, "relay")
    relay = domain_way(draw, company_name(draw).domain, posture=Posture.FAILING)
    sender = Party(colleague.mailbox, relay, "en", colleague.party.signature)
    return scene.mail(sender, lure="credential-phishing", link=_link(scene), me=colleague.name, host="the intranet")


@recipe("internal-compromise")
def internal_compromise(scene: Scene) -> Mail:
    """A colleague's real mailbox in wrong hands: sent through the own server, from a network nobody works from."""
    colleague = scene.colleague()
    draw = Draw(scene.key, "client")
    also = (other,) if scene.draw.chance(0.4) and (other := scene.colleague()).index != colleague.index else ()
    reachable = tuple(person for person in also if person.index in scene.world.circle(scene.target.index))
    mail = scene.mail(colleague.party, link=_link(scene), me=colleague.given, also=reachable)
    mail.client = f"{network_of(draw)}.{1 + draw.below(254)}"
    return mail


@recipe("lateral-phishing")
def lateral_phishing(scene: Scene) -> Mail:
    """From one taken mailbox to the next: a colleague's, to everybody within reach, with a link."""
    colleague = scene.colleague()
    draw = Draw(scene.key, "client")
    reach = [scene.world.people[index] for index in scene.world.circle(scene.target.index)]
    also = tuple(person for person in reach if person.index != colleague.index and person.present(scene.day))[:6]
    mail = scene.mail(colleague.party, lure="internal-compromise", link=_link(scene), me=colleague.given, also=also)
    mail.client = f"{network_of(draw)}.{1 + draw.below(254)}"
    return mail


@recipe("attachment-phishing")
def attachment_phishing(scene: Scene) -> Mail:
    """The page to log in on comes along as a file."""
    draw = scene.draw
    page = f'<html><body><form action="{_link(scene)}"><input type="password"></form></body></html>'
    called = draw.pick(("Remittance", "Voicemail", "Document", "Statement", "Secure message"))
    file = File(f"{called}_{draw.number(5)}.{draw.pick(('html', 'htm', 'shtml'))}", "text/html", page.encode())
    return scene.mail(_sender(scene, ""), lure="malicious-attachment", files=(file,), password=draw.number(4))


def _sender(scene: Scene, name: str) -> Party:
    if scene.draw.chance(0.45):
        return from_hijacked(scene.world.seed, scene.draw, name)
    local = scene.draw.pick(("no-reply", "admin", "support", "it", "notification", "security"))
    return from_stranger(scene.draw, name, local)


def _link(scene: Scene, domain: str = "") -> str:
    """Where the victim would land; none of these hosts is real on purpose, and nothing ever opens them."""
    draw = scene.draw
    path = draw.pick(("login", "signin", "verify", "account/update", "secure", "auth", "portal/view", "d", "doc"))
    label = company_name(draw).domain.partition(".")[0]
    own = scene.world.roster.domain.partition(".")[0]
    host = domain or draw.weighted(
        (
            (f"{label}.{draw.pick(('com', 'net', 'online', 'site', 'top', 'info'))}", 40.0),
            (f"{own}-{draw.pick(('mail', 'login', 'portal', 'sso'))}.{draw.pick(('com', 'net', 'online'))}", 20.0),
            (f"{label}-{draw.number(4)}.{draw.pick(('web.app', 'pages.dev', 'netlify.app', 'weebly.com'))}", 20.0),
            (f"{network_of(draw)}.{1 + draw.below(254)}", 8.0),
            (lookalike(draw, scene.world.roster.domain), 12.0),
        )
    )
    return f"{'http' if draw.chance(0.25) else 'https'}://{host}/{path}/{draw.hex(8)}"
