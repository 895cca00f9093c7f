skip = Zum Inhalt
menu = Menü
switcher-all = Alle Kunden
switcher-hint = Wählen Sie den Kunden, um den es auf den Seiten geht
search-all = Telefone, MACs, Nebenstellen suchen …
search = Suchen
account-menu = Ihr Konto
theme-light = Hell
theme-dark = Dunkel
theme-system = Wie das System
sign-out = Abmelden
yes = Ja
no = Nein
cancel = Abbrechen
never = nie
next = Weiter
print = Drucken
import = Import
export = Export
rows = { $count ->
    [one] 1 Telefon auf dieser Seite
   *[other] { $count } Telefone auf dieser Seite
}
actions = Aktionen
nothing-found = Nichts gefunden
nothing-found-hint = Gesucht wird nach dem Anfang einer MAC in jeder Schreibweise, ihren letzten vier bis sechs Stellen, einer Nebenstelle, einem Wort der Bezeichnung oder einem Modell.
show-all = Alle zeigen

role-operator = Betreiber
role-reseller = Reseller
role-customer-admin = Kunden-Admin
role-installer = Installateur
role-auditor = Prüfer

menu-inventory = Inventar
menu-phone-hardware = Telefon-Hardware

time-now = gerade eben
time-minutes-ago = vor { $count } Min.
time-hours-ago = vor { $count } Std.
time-days-ago = vor { $count } Tagen
time-in-minutes = in { $count } Min.
time-in-hours = in { $count } Std.
time-in-days = in { $count } Tagen

failure-title = Das hat nicht geklappt
failure-home = Zur Startseite
