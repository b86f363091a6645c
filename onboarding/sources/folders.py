"""What kind of folder a name means: inbox, sent, junk, trash, as mail programs call them in many languages."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence

from detection.mail.message import Folder

JUNK_WORDS = frozenset({"$junk", "junk"})
NOT_JUNK_WORDS = frozenset({"$notjunk", "notjunk", "nonjunk"})
"""What mail programs write on a message whose owner, or whose filter, called it so: the IANA registry "IMAP and JMAP Keywords"
($Junk, $NotJunk), and what Thunderbird and others wrote before."""


def said_of(kind: Folder, keywords: Iterable[str]) -> Folder:
    """What a message in a folder of this kind is, by the keywords on it: their word goes before the folder's.

    >>> said_of(Folder.INBOX, ["$seen", "$Junk"]), said_of(Folder.JUNK, ["$notjunk"]), said_of(Folder.SENT, ["$junk"])
    (<Folder.JUNK: 3>, <Folder.INBOX: 1>, <Folder.SENT: 2>)
    """
    words = {word.lower() for word in keywords}
    if words & NOT_JUNK_WORDS:
        return Folder.INBOX if kind is Folder.JUNK else kind
    return Folder.JUNK if words & JUNK_WORDS and kind is not Folder.SENT else kind


_NAMES: dict[Folder, str] = {
    # One name a line or comma: as Outlook, Gmail, Thunderbird, Apple Mail, Notes and IMAP servers name them (RFC 6154
    # special use), in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish, Norwegian,
    # Danish, Finnish, Czech, Hungarian, Romanian, Turkish, Russian, Ukrainian, Greek, Chinese, Japanese, Korean.
    Folder.TRASH: """
        trash, deleted, deleted items, deleted messages, trash bin, bin, wastebasket, recycle bin, rubbish,
        papierkorb, geloscht, geloschte elemente, geloschte objekte, geloschte nachrichten,
        corbeille, elements supprimes, messages supprimes,
        papelera, papelera de reciclaje, elementos eliminados, mensajes eliminados, eliminados,
        lixo, lixeira, itens excluidos, itens eliminados, mensagens excluidas,
        cestino, posta eliminata, elementi eliminati, eliminata,
        prullenbak, prullenmand, verwijderde items, verwijderd, verwijderde berichten,
        kosz, elementy usuniete, usuniete, papperskorgen, borttagna objekt, borttaget,
        papirkurv, papirkurven, slettede elementer, slettet post, slettet, roskakori, poistetut, poistetut viestit,
        kos, odstranena posta, odstranene polozky, torolt elemek, lomtar, kuka,
        cos de gunoi, elemente sterse, gunoi, cop kutusu, silinmis ogeler, silinmis oeler, cop,
        удаленные, удаленные элементы, корзина, видалені, видалені елементи, кошик,
        διαγραμμενα, διαγραμμενα στοιχεια, καδος, καδος απορριμματων,
        已删除邮件, 已删除, 垃圾箱, 已刪除的郵件, 刪除的郵件, ゴミ箱, 削除済みアイテム, 지운 편지함, 휴지통, 삭제된 항목
    """,
    Folder.JUNK: """
        junk, junk mail, junk e mail, junk email, spam, spams, bulk, bulk mail, bulkmail, quarantine, probably spam,
        spamverdacht, unerwunscht, werbung, junk e mail ordner, courrier indesirable, indesirables, pourriel,
        correo no deseado, correo basura, no deseado, lixo eletronico, lixo electronico, correio indesejado,
        posta indesiderata, indesiderata, ongewenste e mail, ongewenst, ongewenste reclame, reclame,
        wiadomosci smieci, spam smieci, smieci, skrappost, soppelpost, useriosos, uonsket mail, uonsket post,
        uonsket e mail, roskaposti, nevyzadana posta, nevyzadane, level szemet, levelszemet, mesaje nedorite,
        nedorite, gereksiz, gereksiz e posta, istenmeyen posta, нежелательная почта, спам, небажана пошта,
        ανεπιθυμητα, ανεπιθυμητη αλληλογραφια, 垃圾邮件, 垃圾郵件, 迷惑メール, 정크 메일, 스팸 메일함, 스팸
    """,
    Folder.SENT: """
        sent, sent mail, sent items, sent messages, sent objects, outbox sent, sent e mail,
        gesendet, gesendete elemente, gesendete objekte, gesendete nachrichten, gesendete mails,
        envoyes, elements envoyes, messages envoyes, courrier envoye, enviados, elementos enviados,
        mensajes enviados, correo enviado, itens enviados, mensagens enviadas, correio enviado, enviadas,
        inviati, posta inviata, elementi inviati, inviata, verzonden, verzonden items, verzonden berichten,
        wyslane, elementy wyslane, skickat, skickade, skickade objekt, sendt, sendte elementer, sendt post, sendte,
        lahetetyt, lahetetyt viestit, odeslane, odeslana posta, odeslane polozky, elkuldott elemek, elkuldott,
        trimise, elemente trimise, gonderilmis ogeler, gonderilmis oeler, gonderilenler, gonderilmis postalar,
        отправленные, надіслані, απεσταλμενα, σταλμενα, 已发送, 已发送邮件, 寄件備份, 已傳送的郵件, 送信済み,
        送信済みアイテム, 送信済みメール, 보낸 편지함, 보낸메일함
    """,
    Folder.INBOX: """
        inbox, in, notes inbox, posteingang, boite de reception, reception, bandeja de entrada, recibidos, entrada,
        caixa de entrada, posta in arrivo, in arrivo, postvak in, inkomend, odebrane, skrzynka odbiorcza, inkorg,
        inkorgen, innboks, indbakke, saapuneet, dorucena posta, dorucene, beerkezett uzenetek, beerkezo levelek,
        mesaje primite, primite, gelen kutusu, входящие, вхідні, εισερχομενα, 收件箱, 收件匣, 受信トレイ, 受信箱,
        받은 편지함
    """,
}

_CANONICAL_ORDER = (Folder.TRASH, Folder.JUNK, Folder.SENT)
_WORD_BREAKS = re.compile(r"[\W_]+")


def folder_of(path: Sequence[str]) -> Folder:
    """The kind of folder that a path of folder names inside a mailbox means; `UNKNOWN` for an empty path.

    Whatever lies below trash is trash, below junk junk, below sent sent, in this order; a folder below the inbox that
    means nothing else is `OTHER`, because servers put every folder there.

    >>> folder_of(["deleted_items", "_sent_mail"]).name, folder_of(["INBOX", "Gesendete Elemente"]).name
    ('TRASH', 'SENT')
    >>> folder_of(["INBOX"]).name, folder_of(["inbox", "projects"]).name, folder_of([]).name
    ('INBOX', 'OTHER', 'UNKNOWN')
    """
    if not path:
        return Folder.UNKNOWN
    kinds = [_KIND_OF.get(plain(name), Folder.OTHER) for name in path]
    for kind in _CANONICAL_ORDER:
        if kind in kinds:
            return kind
    return kinds[-1]


def plain(name: str) -> str:
    """A folder's name without case, accents and punctuation: what is compared.

    >>> plain("_Sent_Mail"), plain("Éléments envoyés"), plain("[Gmail]")
    ('sent mail', 'elements envoyes', 'gmail')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(_SPECIAL.get(char, char) for char in letters if not unicodedata.combining(char))
    return _WORD_BREAKS.sub(" ", unicodedata.normalize("NFKC", bare)).strip()


def decode_imap_name(name: str) -> str:
    """A folder name in the modified UTF-7 of RFC 3501 section 5.1.3, as Maildir++ stores it; returned as is if broken.

    >>> decode_imap_name("Gel&APY-schte Elemente"), decode_imap_name("R&-D"), decode_imap_name("a&b")
    ('Gelöschte Elemente', 'R&D', 'a&b')
    """
    if not name.isascii() or "&" not in name:
        return name
    try:
        return re.sub(r"&([^-]*)-", _decode_shift, name)
    except ValueError:
        return name


def _decode_shift(match: re.Match[str]) -> str:
    coded = match.group(1)
    if not coded:
        return "&"
    padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be")


# Letters that Unicode does not take apart into letter and accent.
_SPECIAL = {"ł": "l", "ø": "o", "æ": "ae", "ı": "i", "đ": "d"}

_KIND_OF: dict[str, Folder] = {
    plain(name): kind for kind, names in _NAMES.items() for name in re.split(r"[,\n]", names) if name.strip()
}
