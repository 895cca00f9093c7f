role-means-operator = alles
role-means-reseller = seine eigenen Kunden
role-means-customer-admin = ein Kunde
role-means-installer = sieht PINs und Zustände, setzt aus und stößt Abrufe an
role-means-auditor = liest, sieht keine Geheimnisse
branch-hint = Was außerhalb liegt, gibt es für sie nicht.
branch-choose = Wählen Sie einen Kunden für weitere Bereiche.
branch-fits-not = Diese Rolle und dieser Bereich passen nicht zusammen.

user-new = Benutzer anlegen
user-add = Benutzer anlegen
user-name-hint = Auf der ganzen Plattform einmalig, ohne Leerzeichen. Gut geeignet ist eine Mailadresse.
user-own = Sie
user-own-hint = Das sind Sie. Ihr eigenes Passwort und Ihr zweiter Faktor stehen unter
user-active = aktiv
user-disabled = ausgesperrt
users-none = Noch niemand
users-none-hint = Legen Sie jemanden mit Rolle und Bereich an. Das Passwort wird Ihnen einmal gezeigt.
user-acts = Was Sie tun können
user-password = Neues Passwort
user-password-title = Ein neues Passwort machen?
user-password-effect = Das jetzige Passwort gilt nicht mehr, und alle Sitzungen enden.
user-password-once = Das neue wird Ihnen einmal gezeigt.
user-password-shown-once = Dieses Passwort wird einmal gezeigt. Geben Sie es auf einem Weg weiter, den andere nicht mitlesen.
user-disable = Aussperren
user-disable-effect = Alle Sitzungen enden sofort, und kein Passwort öffnet eine neue, bis Sie wieder einlassen.
user-enable = Wieder einlassen
user-enable-effect = Das bisherige Passwort öffnet wieder eine Sitzung.
user-delete = Benutzer löschen
user-delete-title = Diesen Benutzer löschen?
user-delete-effect = Alle Sitzungen enden sofort. Das lässt sich nicht rückgängig machen.
user-delete-audit = Was getan wurde, bleibt unter diesem Namen im Protokoll.
done-user-disabled = Der Benutzer ist ausgesperrt.
done-user-enabled = Der Benutzer darf sich wieder anmelden.
done-user-deleted = Der Benutzer ist gelöscht.

tokens-why = Programme melden sich mit einem Token statt mit einem Passwort an. Was sie dürfen, steht in
token-new = Token machen
token-make = Token machen
token-no-label = (ohne Bezeichnung)
token-label-hint = Für welches Programm es ist, damit Sie wissen, was stehen bleibt, wenn Sie es widerrufen.
token-lifetime = Lebensdauer
token-days = { $count ->
    [one] 1 Tag
   *[other] { $count } Tage
}
token-for-ever = Bis es widerrufen wird
token-last-used = Zuletzt benutzt
token-expires = Endet
token-expired = beendet
token-made = Ihr Token
token-shown-once = Dieses Token wird einmal gezeigt und nirgends verwahrt. Wer es hat, darf, was es darf.
token-use = Ein Programm sendet es als
token-revoke = Widerrufen
token-revoke-of = { $label } widerrufen
token-revoke-title = Dieses Token widerrufen?
token-revoke-effect = Programme, die es benutzen, werden ab ihrer nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
tokens-none = Noch keine Token
tokens-none-hint = Mit einem Token benutzt ein Programm die API in Ihrem Namen, mit eigener Rolle und eigenem Bereich.
done-token-revoked = Das Token ist widerrufen.

user-email = Mail-Adresse
user-email-hint = Für ein vergessenes Passwort, eine Einladung und Meldungen.
user-language = Sprache der Briefe
user-alerts = Schreiben, wenn ein Telefon fehlschlug, gesperrt wurde oder doppelt auftritt, oder ein Trunk ausfällt
user-invite = Einladung senden
user-invite-effect = Ein Brief mit einem Link, über den ein Passwort gewählt wird. Er gilt drei Tage.
done-user-invited = Die Einladung ist unterwegs.
