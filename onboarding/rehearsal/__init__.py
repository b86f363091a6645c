"""Known kinds of attack, retargeted at one tenant from its own history: who writes what to whom, and how it would look.

    target.py      what an attacker could know of the tenant: its people, their habits, its partners
    recipe.py      the registry; recipes/ holds one file a kind of attack
    disguises.py   under whose name and from where an attack is sent
    wordings.py    what attacks say, from wordings/: a file a kind
    letter.py      RFC 5322 bytes
    dress.py       what the way of a mail leaves on it, as this tenant's own mail has it
    stage.py       all of it together: attacks as columns, with what each of them is
    folder.py      attacks from a folder instead

Nothing here knows how the simulated organisation writes, and none of it is ever sent or kept.
"""
